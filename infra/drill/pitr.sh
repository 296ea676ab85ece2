#!/usr/bin/env bash
# Rehearses a restore, without AWS: a base backup and archived log of a server under load, and then
#   1. a person deletes rows: back to the instant before, and what was done after it is sent once more;
#   2. the machine with its disks is gone: back to the end of the archive, and what that lost.
# Its figures are recorded in docs/DRILLS.md.
set -euo pipefail
# shellcheck source=infra/drill/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

load_s=${LOAD_S:-6}

# restore FROM TO PORT [SETTING]: a new server from a base backup and an archive.
restore() {
    as_server cp -R "$1" "$2"
    as_server sed -i '/^archive_/d' "$2/postgresql.conf"
    cat >>"$2/postgresql.conf" <<CONF
restore_command = 'cp $archive/%f %p'
recovery_target_action = promote
${4:-}
CONF
    as_server touch "$2/recovery.signal"
    start_cluster "$2" "$3"
    local look
    for look in $(seq 600); do
        [ "$(sql "$3" 'SELECT pg_is_in_recovery()')" = f ] && return 0
        sleep 0.1
    done
    die "no end of the recovery after $look looks"
}

take_base_backup() {
    local begun
    begun=$(now_ms)
    as_server "$pg/pg_basebackup" -h 127.0.0.1 -p "$1" -U postgres -D "$2" -X none -c fast --no-sync
    say "base backup under load: $(since "$begun"), $(du -sh "$2" | cut -f1)"
}

begin
port=$(free_port)
title 'a server that archives, with API, worker and load'
init_cluster "$work/first"
start_cluster "$work/first" "$port"
make_database "$port"
migrate "$port"
start_programs "$port"
start_load "$work/first.book"
sleep "$load_s"
take_base_backup "$port" "$work/backup"
sleep "$load_s"

title '1. rows are deleted by mistake'
good=$(now_ms)
sleep 1
deleted=$(sql "$port" "WITH gone AS (DELETE FROM posting WHERE ctid IN (SELECT ctid FROM posting TABLESAMPLE SYSTEM (100) LIMIT 100) RETURNING 1) SELECT count(*) FROM gone")
sleep 2
if ledger_check "$port"; then die 'the ledger check did not see it'; fi
say "the ledger check sees that $deleted postings are gone"
begun=$(now_ms)
stop_load
stop_programs
sql "$port" 'SELECT pg_switch_wal()' >/dev/null
last=$(sql "$port" 'SELECT pg_walfile_name(pg_current_wal_lsn() - 1)')
until [ -f "$archive/$last" ] || [ "$(sql "$port" "SELECT last_archived_wal >= '$last' FROM pg_stat_archiver")" = t ]; do sleep 0.1; done
say "stopped and archived to the end: $(since "$begun")"
as_server "$pg/pg_ctl" stop -D "$work/first" -m fast -s
second=$(free_port)
restoring=$(now_ms)
restore "$work/backup" "$work/second" "$second" "recovery_target_time = '$(date -u -d "@$((good / 1000)).$(printf %03d $((good % 1000)))" +'%F %T.%3N+00')'"
say "restored to the instant: $(since "$restoring")"
ledger_check "$second" || die 'the restored ledger is broken'
start_programs "$second"
say "mistake seen to service: $(since "$begun")"
found=$(driver check --log "$work/first.book" --until "$good") || die "lost, although acknowledged before the instant: $found"
say "acknowledged before the instant: $found"
found=$(driver count --log "$work/first.book" --after "$good")
say "acknowledged after it:           $found"
found=$(driver resend --log "$work/first.book")
say "all sent once more:              $found"
sleep 1
ledger_check "$second" || die 'the ledger is broken after the resend'
say 'ledger clean'
stop_programs

title '2. the machine is gone, with its disks'
third=$(free_port) fourth=$(free_port)
init_cluster "$work/third"
start_cluster "$work/third" "$third"
make_database "$third"
migrate "$third"
start_programs "$third"
start_load "$work/third.book"
sleep "$load_s"
rm -rf "$work/backup"
take_base_backup "$third" "$work/backup"
sleep "$((load_s * 2))"
killed=$(now_ms)
kill_cluster "$work/third"
# What the disks held is out of reach from now on; the archive alone is left.
kill -KILL "$load_pid" "$api_pid" "$jobs_pid"
wait "$load_pid" "$api_pid" "$jobs_pid" 2>/dev/null || true
found=$(driver count --log "$work/third.book")
say "acknowledged until then: $found"
restore "$work/backup" "$work/fourth" "$fourth"
say "restored to the end of the archive: $(since "$killed")"
start_programs "$fourth"
say "machine gone to service: $(since "$killed")"
found=$(driver check --log "$work/third.book" || true)
say "of what was acknowledged: $found"
first_lost=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1]).get("first_missing_ms", 0))' "$found")
if [ "$first_lost" -gt 0 ]; then say "lost: the last $((killed - first_lost)) ms"; fi
ledger_check "$fourth" || die 'the restored ledger is broken'
found=$(driver resend --log "$work/third.book")
say "all sent once more: $found"
sleep 1
ledger_check "$fourth" || die 'the ledger is broken after the resend'
say 'ledger clean'
title 'done'
