#!/usr/bin/env bash
# Runs one command of holdfast-jobs where the database can be reached, and says how it ended.
#   infra/run-job.sh --environment prod ledger-check
#   infra/run-job.sh --environment prod --as desk operator-add NAME approver
set -euo pipefail
infra=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/lib/common.sh
. "$infra/lib/common.sh"
# shellcheck source=infra/lib/stacks.sh
. "$infra/lib/stacks.sh"
# shellcheck source=infra/lib/services.sh
. "$infra/lib/services.sh"

usage() {
    cat <<'USAGE'
usage: infra/run-job.sh --environment ENV [--as ROLE] [--database-host HOST] [--region REGION] COMMAND [ARGUMENT...]

  --as ROLE             with the rights of this role: `scheduled` (the default) may read the database and nothing else;
                        operator-add needs `desk`, replay `relay`, archive `sagas`
  --database-host HOST  not the database of this environment, but one beside it, such as one that was restored; the role has
                        to be allowed to log in there (docs/runbooks/restore.md)
The exit code is that of the command, or 1 if it never ran. What it wrote is in the log that is named at the end.
USAGE
}

environment='' role=scheduled database_host='' region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
while [ $# -gt 0 ]; do
    case $1 in
    --environment) environment=$(environment_of "${2:-}"); shift 2 ;;
    --as) role=${2:-}; shift 2 ;;
    --database-host) database_host=${2:-}; shift 2 ;;
    --region) region=${2:-}; shift 2 ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
    esac
done
if [ -z "$environment" ] || [ $# -eq 0 ]; then usage >&2; exit 2; fi
[ -n "$region" ] || die '--region is missing, and AWS_REGION is not set'
need aws jq
show_account
for stack in network security cluster; do learn_outputs "$stack"; done
overrides=$(jq -cn --arg host "$database_host" '{containerOverrides: [{name: "jobs", command: $ARGS.positional}
    + if $host == "" then {} else {environment: [{name: "DATABASE_HOST", value: $host}]} end]}' --args -- "$@")
code=0
run_task "holdfast-$environment-$role" WorkerSecurityGroupId "$overrides" || code=$?
say "$task_end"
say "log: /holdfast/$environment/${role^}, stream $role/jobs/${task##*/}"
exit "$code"
