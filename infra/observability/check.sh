#!/usr/bin/env bash
# Checks the alert rules and runs their unit tests. Needs promtool; on Debian it takes the one out of the package
# `prometheus`, once, without installing a server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

promtool=$(command -v promtool || true)
if [ -z "$promtool" ]; then
    tools=$PWD/../../target/tools/bin
    promtool=$tools/promtool
    if [ ! -x "$promtool" ]; then
        if ! command -v apt-get >/dev/null; then
            echo 'missing: promtool; it is part of Prometheus' >&2
            exit 1
        fi
        place=$(mktemp -d)
        trap 'rm -rf "$place"' EXIT
        if [ "$(id -u)" = 0 ]; then apt-get update -qq; fi
        (cd "$place" && apt-get -o APT::Sandbox::User=root download -qq prometheus)
        dpkg-deb --fsys-tarfile "$place"/prometheus_*.deb | tar -x -C "$place" ./usr/bin/promtool
        mkdir -p "$tools"
        mv "$place/usr/bin/promtool" "$promtool"
    fi
fi
"$promtool" check rules alerts/holdfast.yaml
cd alerts
"$promtool" test rules holdfast_test.yaml
