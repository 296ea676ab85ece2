#!/bin/sh
# Checks the alert rules and runs their unit tests. Needs promtool; as root on Debian it installs it
# (package `prometheus`, without the server's helpers).
set -eu
cd "$(dirname "$0")/alerts"
if ! command -v promtool >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "promtool is missing; it is part of the package 'prometheus'" >&2
        exit 1
    fi
    apt-get update -qq
    # The server must not start because its package came along.
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    apt-get install -y -qq --no-install-recommends prometheus >/dev/null
    rm -f /usr/sbin/policy-rc.d
fi
promtool check rules holdfast.yaml
promtool test rules holdfast_test.yaml
