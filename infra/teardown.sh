#!/usr/bin/env bash
# Deletes an environment for good, last stack first. For dev alone: staging and prod are never deleted by a script.
set -euo pipefail
infra=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/lib/common.sh
. "$infra/lib/common.sh"
# shellcheck source=infra/lib/stacks.sh
. "$infra/lib/stacks.sh"

usage() {
    cat <<'USAGE'
usage: infra/teardown.sh --environment dev [--keep-data] [--yes-delete dev] [--region REGION]

  --keep-data       leaves network, security and data: the database stays, and what it costs, too
  --yes-delete dev  asks nobody; the environment is named once more, so that no line of history deletes another one
The stack `bootstrap` stays: it has the image repository and the role of the pipeline. So does what the templates keep from
every deletion: queues of events with their messages, log groups, keys, secrets, the user pool, the bucket of logs, and where
there are such, the backup vault and the global database. The database leaves a snapshot. All of it is named at the end, costs
something, and is deleted by hand. Of dev, queues, log groups and the secret of providers go with it; elsewhere they are deleted
before the environment can be made again, as their names are taken.
USAGE
}

environment='' keep_data=no confirmed='' region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
while [ $# -gt 0 ]; do
    case $1 in
    --environment) environment=$(environment_of "${2:-}"); shift 2 ;;
    --yes-delete) confirmed=${2:-}; shift 2 ;;
    --region) region=${2:-}; shift 2 ;;
    --keep-data) keep_data=yes; shift ;;
    *) usage >&2; exit 2 ;;
    esac
done
[ -n "$environment" ] || { usage >&2; exit 2; }
[ "$environment" = dev ] || die "$environment is not deleted by a script"
[ -n "$region" ] || die '--region is missing, and AWS_REGION is not set'
need aws jq
show_account

if [ -z "$confirmed" ]; then
    read -r -p "type the environment to delete all that it holds: " confirmed || true
fi
[ "$confirmed" = "$environment" ] || die 'not confirmed; nothing was deleted'

stack_is_gone() {
    case $(stack_status "$1") in
    ABSENT | DELETE_COMPLETE) return 0 ;;
    DELETE_FAILED) return 2 ;;
    *) return 1 ;;
    esac
}

# What a deleted stack left behind. By its id: its name is nobody's any more.
left_by() {
    aws_json cloudformation list-stack-resources --stack-name "$1" |
        jq -r '.StackResourceSummaries[] | select(.ResourceStatus == "DELETE_SKIPPED") | "\(.ResourceType) \(.PhysicalResourceId)"'
}

left=''
for ((i = ${#STACKS[@]} - 1; i >= 0; i--)); do
    stack=${STACKS[$i]}
    if [ "$keep_data" = yes ] && [[ " network security data " == *" $stack "* ]]; then continue; fi
    [ "$(stack_status "$stack")" = ABSENT ] && continue
    title "deleting $(stack_name "$stack")"
    id=$(aws_json cloudformation describe-stacks --stack-name "$(stack_name "$stack")" | jq -r '.Stacks[0].StackId')
    aws_json cloudformation delete-stack --stack-name "$(stack_name "$stack")"
    wait_until 3600 "$(stack_name "$stack")" stack_is_gone "$stack" ||
        die "$(stack_name "$stack") could not be deleted: $(aws_json cloudformation describe-stack-events \
            --stack-name "$(stack_name "$stack")" |
            jq -r '[.StackEvents[] | select(.ResourceStatus == "DELETE_FAILED")][0] | "\(.LogicalResourceId): \(.ResourceStatusReason)"')"
    left+=$(left_by "$id")$'\n'
done

title 'what stays'
sort <<<"$left" | sed '/^$/d'
aws_json rds describe-db-cluster-snapshots --snapshot-type manual |
    jq -r --arg prefix "holdfast-$environment" '.DBClusterSnapshots[]
        | select(.DBClusterSnapshotIdentifier | startswith($prefix)) | "snapshot \(.DBClusterSnapshotIdentifier)"'
