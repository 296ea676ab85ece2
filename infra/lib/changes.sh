# A change to a stack: made as a change set, shown, judged, and only then carried out.
# shellcheck shell=bash

# What must not be lost or made anew: data, queues, keys. To replace one of these is to lose what is in it.
PROTECTED='^AWS::(RDS::(DBCluster|DBInstance|GlobalCluster)|SQS::Queue|KMS::(Key|ReplicaKey)|S3::Bucket|SecretsManager::Secret|Backup::BackupVault|Cognito::UserPool|ECR::Repository)$'
# ECS itself moves the weights of these between blue and green. Whoever sets them back may send all traffic to nobody.
LISTENER_RULE='^AWS::ElasticLoadBalancingV2::ListenerRule$'

CHANGE_SET_LIMIT_S=600
STACK_LIMIT_S=${HOLDFAST_STACK_LIMIT_S:-5400}

# Carries out what the template and the parameters of a stack ask for.
deploy_stack() {
    local stack=$1 status kind change_set outcome=0
    title "$(stack_name "$stack")"
    status=$(stack_status "$stack")
    require_quiet "$stack" "$status"
    kind=UPDATE
    case $status in ABSENT | REVIEW_IN_PROGRESS) kind=CREATE ;; esac
    change_set=$(make_change_set "$stack" "$kind") || exit 1
    wait_until "$CHANGE_SET_LIMIT_S" 'the change set' change_set_is_made "$stack" "$change_set" || outcome=$?
    if [ "$outcome" -ne 0 ]; then
        refuse_or_nothing "$stack" "$change_set" "$kind"
        return 0
    fi
    local changes
    changes=$(aws_json cloudformation describe-change-set --stack-name "$(stack_name "$stack")" --change-set-name "$change_set")
    show_changes "$changes"
    judge_changes "$stack" "$kind" "$changes" "$change_set"
    if [ "$plan_only" = yes ]; then
        drop_change_set "$stack" "$change_set"
        return 0
    fi
    confirm "change $(stack_name "$stack")?"
    [ "$kind" = UPDATE ] && set_policy "$stack"
    # What was just made has nothing in it, so a change that goes back takes it away, even where the template retains it: a
    # queue or a log group left behind would be in the way of the next try by its name.
    aws_json cloudformation execute-change-set --stack-name "$(stack_name "$stack")" --change-set-name "$change_set" \
        --client-request-token "$change_set" --retain-except-on-create
    wait_until "$STACK_LIMIT_S" "$(stack_name "$stack")" stack_is_changed "$stack" || show_failure "$stack"
    policy_loosened=''
    set_policy "$stack"
    protect_stack "$stack"
}

# Prints the name of the new change set.
make_change_set() {
    local stack=$1 kind=$2 name values role
    # What CloudFormation does it does as this role; whoever deploys may do none of it himself.
    role=$(jq -r '.CloudFormationRoleArn // empty' <<<"$known_outputs")
    find_template "$stack"
    values=$(parameters_of "$stack")
    [ "$(jq '.missing | length' <<<"$values")" -eq 0 ] ||
        die "no value for $(jq -r '.missing | join(", ")' <<<"$values") of $stack: neither in $(parameters_file) nor an output of an earlier stack"
    [ "$(jq '.strange | length' <<<"$values")" -eq 0 ] ||
        die "$(parameters_file) gives $(jq -r '.strange | join(", ")' <<<"$values"), which $stack does not know"
    name="deploy-$(date -u +%Y%m%dT%H%M%SZ)-$$"
    aws_json cloudformation create-change-set --stack-name "$(stack_name "$stack")" --change-set-name "$name" \
        --change-set-type "$kind" "${template_args[@]}" \
        --capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \
        --parameters "$(jq -c '.parameters' <<<"$values")" --tags "$(stack_tags | jq -c .)" \
        ${role:+--role-arn "$role"} >/dev/null ||
        die "no change set for $(stack_name "$stack")"
    printf '%s' "$name"
}

change_set_is_made() {
    local answer
    answer=$(aws_json cloudformation describe-change-set --stack-name "$(stack_name "$1")" --change-set-name "$2")
    case $(jq -r '.Status' <<<"$answer") in
    CREATE_COMPLETE) return 0 ;;
    FAILED) return 2 ;;
    *) return 1 ;;
    esac
}

# A change set without changes fails, too. That is no error.
refuse_or_nothing() {
    local reason
    reason=$(aws_json cloudformation describe-change-set --stack-name "$(stack_name "$1")" --change-set-name "$2" |
        jq -r '.StatusReason // ""')
    drop_change_set "$1" "$2"
    case $reason in
    *"didn't contain changes"* | *'No updates are to be performed'*) say 'nothing to change' ;;
    *) die "$(stack_name "$1"): $reason" ;;
    esac
}

# The first change set of a stack leaves an empty stack behind, which the next one fills.
drop_change_set() {
    aws_json cloudformation delete-change-set --stack-name "$(stack_name "$1")" --change-set-name "$2"
}

show_changes() {
    jq -r '["ACTION", "REPLACED", "RESOURCE", "TYPE"],
        (.Changes[]?.ResourceChange | [.PolicyAction // .Action, .Replacement // "-", .LogicalResourceId, .ResourceType])
        | @tsv' <<<"$1" | column -t -s "$(printf '\t')"
}

# Refuses what would lose something. Each exception is named: --allow-replace STACK/RESOURCE.
judge_changes() {
    local stack=$1 kind=$2 changes=$3 change_set=$4 harm resource
    [ "$kind" = CREATE ] && return 0
    harm=$(jq -r --arg protected "$PROTECTED" --arg rule "$LISTENER_RULE" '
        .Changes[]?.ResourceChange
        | select((.ResourceType | test($rule))
            or ((.ResourceType | test($protected))
                and (.Action == "Remove" or .Action == "Dynamic"
                    or ((.Replacement // "False") != "False")
                    or ((.PolicyAction // "") | test("Delete|Replace")))))
        | .LogicalResourceId' <<<"$changes")
    for resource in $harm; do
        if [[ " ${allow_replace[*]:-} " == *" $stack/$resource "* ]]; then
            say "allowed by --allow-replace: $stack/$resource"
            policy_loosened=$stack
        else
            drop_change_set "$stack" "$change_set"
            die "this would replace or remove $stack/$resource; nothing was changed. If that is meant: --allow-replace $stack/$resource"
        fi
    done
}

stack_is_changed() {
    local status
    status=$(stack_status "$1")
    case $status in
    CREATE_COMPLETE | UPDATE_COMPLETE) return 0 ;;
    *ROLLBACK_COMPLETE | *FAILED) return 2 ;;
    *) return 1 ;;
    esac
}

# The events that say why, newest last.
show_failure() {
    aws_json cloudformation describe-stack-events --stack-name "$(stack_name "$1")" |
        jq -r '[.StackEvents[] | select(.ResourceStatus | endswith("FAILED"))][:20] | reverse | .[]
            | "\(.LogicalResourceId) \(.ResourceStatus): \(.ResourceStatusReason // "no reason given")"' >&2
    die "$(stack_name "$1") failed: $(stack_status "$1"); see docs/runbooks/deploy-failed.md"
}

# The second guard behind judge_changes: CloudFormation itself refuses. It is off only while an exception that
# a person named is carried out.
set_policy() {
    local policy="$infra/policies/$1.json"
    [ -f "$policy" ] || policy="$infra/policies/default.json"
    if [ "${policy_loosened:-}" = "$1" ]; then
        policy="$infra/policies/open.json"
    fi
    aws_json cloudformation set-stack-policy --stack-name "$(stack_name "$1")" --stack-policy-body "file://$policy"
}

# Whatever ends the script in between, a policy that was opened is closed again.
close_policy() {
    local stack=${policy_loosened:-}
    [ -n "$stack" ] || return 0
    policy_loosened=''
    set_policy "$stack"
}

# Only dev may be deleted.
protect_stack() {
    [ "$environment" = dev ] && return 0
    aws_json cloudformation update-termination-protection --stack-name "$(stack_name "$1")" \
        --enable-termination-protection >/dev/null
}
