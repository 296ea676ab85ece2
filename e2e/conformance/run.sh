#!/usr/bin/env bash
# Runs our use of SQS against endpoints other than the embedded one; what was seen is in docs/SQS.md.
#   e2e/conformance/run.sh [ministack|local-aws-sqs|URL] [name of a test]
# The emulators are installed into a cache folder, never into the system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

ministack_version=1.5.33
local_aws_sqs_version=2.0.2
cache=${HOLDFAST_CONFORMANCE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/holdfast-conformance}
target=${1:-ministack}
filter=${2:-queue_desk::conformance}
mkdir -p "$cache"

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

case $target in
ministack)
    venv=$cache/ministack-$ministack_version
    [ -x "$venv/bin/ministack" ] || {
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet "ministack==$ministack_version"
    }
    port=$(free_port)
    GATEWAY_PORT=$port MINISTACK_HOST=127.0.0.1 "$venv/bin/ministack" >"$cache/ministack.log" 2>&1 &
    ;;
local-aws-sqs)
    node_home=$cache/local-aws-sqs-$local_aws_sqs_version
    [ -d "$node_home/node_modules/local-aws-sqs" ] ||
        npm install --silent --prefix "$node_home" "local-aws-sqs@$local_aws_sqs_version"
    port=$(free_port)
    NODE_PATH=$node_home/node_modules node -e \
        "require('local-aws-sqs').createSqsServer({ port: $port, hostname: '127.0.0.1' })" \
        >"$cache/local-aws-sqs.log" 2>&1 &
    ;;
http*) ;;
*)
    echo "usage: e2e/conformance/run.sh [ministack|local-aws-sqs|URL] [name of a test]" >&2
    exit 2
    ;;
esac

if [ -n "${port:-}" ]; then
    emulator=$!
    trap 'kill "$emulator" 2>/dev/null || true' EXIT
    target=http://127.0.0.1:$port
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
        kill -0 "$emulator" || { echo "the emulator did not start; see $cache" >&2; exit 1; }
        sleep 0.2
    done
fi

HOLDFAST_CONFORMANCE_SQS_URL=$target \
    cargo test -p e2e --test it "$filter" -- --ignored --nocapture --test-threads "${THREADS:-2}"
