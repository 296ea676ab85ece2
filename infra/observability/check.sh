#!/bin/sh
# Checks the alert rules and runs their unit tests. Needs promtool; on Debian it takes the one out of
# the package `prometheus` without installing a server.
set -eu
cd "$(dirname "$0")/alerts"
promtool=$(command -v promtool || true)
if [ -z "$promtool" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "promtool is missing; it is part of Prometheus" >&2
        exit 1
    fi
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq
    fi
    (cd "$place" && apt-get -o APT::Sandbox::User=root download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool)
    promtool=$place/usr/bin/promtool
fi
"$promtool" check rules holdfast.yaml
"$promtool" test rules holdfast_test.yaml
