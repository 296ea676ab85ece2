#!/usr/bin/env bash
# Rehearses the loss of the writer, without AWS: a standby is promoted while transfers run.
#   failover.sh sync    the writer waits for the standby at each commit, as Aurora's storage does in a region
#   failover.sh async   it does not, and the standby is two seconds behind, as another region may be
# Its figures are recorded in docs/DRILLS.md.
set -euo pipefail
# shellcheck source=infra/drill/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mode=${1:-sync}
load_s=${LOAD_S:-6}
case $mode in sync | async) ;; *) die 'usage: failover.sh [sync|async]' ;; esac

begin
writer=$(free_port) standby=$(free_port) endpoint=$(free_port)
title "writer and standby, $mode, behind one endpoint"
init_cluster "$work/writer"
start_cluster "$work/writer" "$writer"
make_database "$writer"
# The log goes to the standby through a pipe of its own, which can be held up.
printf '%s' "$writer" >"$work/upstream"
replication=$(free_port)
python3 "$here/endpoint.py" "$replication" "$work/upstream" &
pipe=$!
pids+=("$pipe")
sleep 0.5
as_server "$pg/pg_basebackup" -h 127.0.0.1 -p "$replication" -U postgres -D "$work/standby" -R -X stream -c fast -C -S standby --no-sync
as_server sed -i '/^archive_/d' "$work/standby/postgresql.conf"
start_cluster "$work/standby" "$standby"
if [ "$mode" = sync ]; then
    sql "$writer" "ALTER SYSTEM SET synchronous_standby_names = '*'" postgres
    sql "$writer" 'SELECT pg_reload_conf()' postgres >/dev/null
fi
printf '%s' "$writer" >"$work/target"
python3 "$here/endpoint.py" "$endpoint" "$work/target" &
pids+=($!)
sleep 0.5
migrate "$endpoint"
start_programs "$endpoint"
start_load "$work/load.book"
sleep "$load_s"
found=$(driver count --log "$work/load.book")
say "before: $found, standby is $(sql "$writer" 'SELECT sync_state FROM pg_stat_replication')"

title 'the writer is gone'
if [ "$mode" = async ]; then
    kill -STOP "$pipe"
    sleep 2
fi
killed=$(now_ms)
kill_cluster "$work/writer"
kill -KILL "$pipe"
# Three looks in vain, as a failover manager has it.
misses=0
while [ "$misses" -lt 3 ]; do
    if "$pg/pg_isready" -q -h 127.0.0.1 -p "$writer" -t 1; then misses=0; else misses=$((misses + 1)); fi
    sleep 0.2
done
say "seen: $(since "$killed")"
as_server "$pg/pg_ctl" promote -D "$work/standby" -w -s
say "promoted: $(since "$killed")"
# The new writer has no standby to wait for.
sql "$standby" "ALTER SYSTEM SET synchronous_standby_names = ''" postgres
sql "$standby" 'SELECT pg_reload_conf()' postgres >/dev/null
printf '%s' "$standby" >"$work/target"
say "endpoint moved: $(since "$killed")"
until [ "$(python3 "$here/driver.py" count --log "$work/load.book" --after "$((killed + 300))" | tr -dc '0-9,' | cut -d, -f1)" -gt 0 ]; do
    sleep 0.05
done
say "transfers settle again: $(since "$killed")"
sleep "$load_s"
stop_load

title 'the account'
found=$(driver count --log "$work/load.book")
say "$found"
found=$(driver check --log "$work/load.book" || true)
say "of what was acknowledged: $found"
lost=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["missing"])' "$found")
ledger_check "$standby" || die 'the ledger is broken'
say 'ledger clean'
if [ "$mode" = sync ] && [ "$lost" -ne 0 ]; then die "$lost acknowledged transfers are lost"; fi
if [ "$lost" -gt 0 ]; then
    first_lost=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["first_missing_ms"])' "$found")
    say "lost: $lost, acknowledged in the last $((killed - first_lost)) ms"
    found=$(driver resend --log "$work/load.book")
    say "all sent once more: $found"
    sleep 1
    ledger_check "$standby" || die 'the ledger is broken after the resend'
    say 'ledger clean'
fi
title 'done'
