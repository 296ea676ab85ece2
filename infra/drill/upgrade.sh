#!/usr/bin/env bash
# Rehearses a deployment and its rollback on one machine: the migration of the new release under the programs of the one
# before, both releases side by side, and back. Transfers run all the time.
#   upgrade.sh BEFORE NEW     two folders with holdfast-api, holdfast-jobs and holdfast-migrate each
# The programs of a release that runs somewhere are in its image: docker create IMAGE, docker cp ID:/usr/local/bin BEFORE.
set -euo pipefail
# shellcheck source=infra/drill/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

before=$(cd "${1:?usage: upgrade.sh BEFORE NEW}" && pwd)
new=$(cd "${2:?usage: upgrade.sh BEFORE NEW}" && pwd)
load_s=${LOAD_S:-5}
# Tasks on AWS have it: a migration comes before its programs.
export HOLDFAST_NEWER_SCHEMA=accept HOLDFAST_DRILL_BIN=$before

# report WHAT: what the client has seen since the last report.
report() {
    sleep "$load_s"
    local found now
    now=$(now_ms)
    found=$(driver count --log "$work/load.book" --after "$last" --until "$now")
    last=$now
    say "$1: $found"
}

begin
port=$(free_port) last=0
title 'the release before'
init_cluster "$work/server"
start_cluster "$work/server" "$port"
make_database "$port"
migrate "$port"
start_programs "$port"
start_load "$work/load.book"
report 'as it was'

title 'the migration comes first'
programs=$new
begun=$(now_ms)
migrate "$port"
say "migrated under load: $(since "$begun")"
report 'programs of before on the new schema'

title 'they are started anew, as a task that dies is'
programs=$before
stop_programs
start_programs "$port"
report 'started anew on the new schema'

title 'the new release takes over'
old_pids=("$api_pid" "$jobs_pid")
port_of_before=$api_port
# Beside them first, on a port of its own; then alone, where clients look.
unset api_port
programs=$new
start_programs "$port"
report 'both releases side by side'
stop_programs
kill -TERM "${old_pids[@]}"
wait "${old_pids[@]}" || true
api_port=$port_of_before
start_programs "$port"
report 'the new release alone'

title 'and back'
stop_programs
programs=$before
start_programs "$port"
report 'the release before again'
stop_load
found=$(driver check --log "$work/load.book") || die "lost, although acknowledged: $found"
say "of all that was acknowledged: $found"
programs=$new
ledger_check "$port" || die 'the ledger is broken'
say 'ledger clean'
title 'done'
