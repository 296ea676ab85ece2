#!/usr/bin/env bash
# Schemathesis against both documents of a running system: every check, as a customer, as a service that may do everything, and as each role of an operator.
# It starts the system of `cargo run` on free ports with data of its own, and stops it again.
#
#   MAX_EXAMPLES  made-up requests for each operation and phase; 10
#   SEED          another one finds other things; 1
#   ONLY          one of customer, service, viewer, operator, approver
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$root/target/schemathesis
mkdir -p "$work"

python=${PYTHON:-python3}
if ! cmp -s "$here/requirements.txt" "$work/requirements.txt"; then
    "$python" -m venv --clear "$work/venv"
    "$work/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$work/requirements.txt"
fi

cargo build --quiet --locked --package dev --manifest-path "$root/Cargo.toml"

# Not in the folder of the sources: the data of a person's own `cargo run` stay as they are.
data=$(mktemp -d "$work/run.XXXXXX")
(cd "$data" && exec "$root/target/debug/holdfast-dev" --fresh >out 2>err </dev/null) &
system=$!
# shellcheck disable=SC2329 # by the trap
stop() {
    kill -INT "$system" 2>/dev/null || true
    wait "$system" 2>/dev/null || true
    rm -rf "$data"
}
trap stop EXIT
for _ in $(seq 600); do
    grep -q 'Ctrl-C stops' "$data/out" && break
    if ! kill -0 "$system" 2>/dev/null; then
        cat "$data/out" "$data/err" >&2
        exit 1
    fi
    sleep 0.2
done
# Lines of the banner: a word and its value.
value() { awk -v word="$1" '$1 == word { print $2; exit }' "$data/out"; }
api=$(value API)
admin=$(value admin)

failed=0
check() {
    local name=$1 base=$2 token=$3
    if [ -n "${ONLY:-}" ] && [ "$ONLY" != "$name" ]; then return; fi
    printf '\n== schemathesis as %s\n' "$name"
    local authorization=()
    if [ -n "$token" ]; then authorization=(--header "Authorization: Bearer $token"); fi
    (cd "$here" && "$work/venv/bin/st" --config-file "$here/schemathesis.toml" run "$base/openapi.json" --url "$base" \
        --workers 1 --max-examples "${MAX_EXAMPLES:-10}" --seed "${SEED:-1}" \
        --report junit --report-junit-path "$work/$name.xml" "${authorization[@]}") || failed=1
}
# The issuer of the system makes a token for whoever it is asked for.
token() { (cd "$data" && "$root/target/debug/holdfast-dev" token --subject "$@"); }
public=${api%/v1}
operators=${admin%/admin/v1}
check customer "$public" "$(token alice)"
check service "$public" "$(token till --scope 'wallet:read wallet:write wallet:deposit wallet:admin')"
check viewer "$operators" "$(token vera --role viewer)"
check operator "$operators" "$(token olga --role operator)"
check approver "$operators" "$(token paul --role approver)"

# A handler that panicked or a statement that was wrong has said so.
if grep -E ' ERROR ' "$data/err"; then
    echo 'the system has logged errors' >&2
    failed=1
fi
exit "$failed"
