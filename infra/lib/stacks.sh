# What is known of stacks: their state, their outputs, and the values that go into them.
# shellcheck shell=bash

# CloudFormation takes this much of a template in a request; a longer one has to be in a bucket.
TEMPLATE_BYTES_MAX=51200

# The status of a stack, or ABSENT.
stack_status() {
    local answer
    if answer=$(aws_json cloudformation describe-stacks --stack-name "$(stack_name "$1")" 2>&1); then
        jq -r '.Stacks[0].StackStatus' <<<"$answer"
    elif grep -q 'does not exist' <<<"$answer"; then
        printf 'ABSENT\n'
    else
        die "cannot look at the stack $(stack_name "$1"): $answer"
    fi
}

# Stops where no change set can be made, and says what to do about it.
require_quiet() {
    local status=$2
    case $status in
    ABSENT | REVIEW_IN_PROGRESS | CREATE_COMPLETE | UPDATE_COMPLETE | UPDATE_ROLLBACK_COMPLETE | IMPORT_COMPLETE) ;;
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED)
        die "$(stack_name "$1") never came to be ($status): delete it and deploy again, see docs/runbooks/deploy-failed.md" ;;
    UPDATE_ROLLBACK_FAILED)
        die "$(stack_name "$1") could not go back ($status): see 'continue-update-rollback' in docs/runbooks/deploy-failed.md" ;;
    *_IN_PROGRESS) die "$(stack_name "$1") is being changed by somebody else ($status)" ;;
    *) die "$(stack_name "$1") is in a state that this script does not know: $status" ;;
    esac
}

# All outputs of a stack as one JSON object; of one that is absent, an empty one.
outputs_of() {
    local answer
    if answer=$(aws_json cloudformation describe-stacks --stack-name "$(stack_name "$1")" 2>/dev/null); then
        jq '[.Stacks[0].Outputs // [] | .[] | {key: .OutputKey, value: .OutputValue}] | from_entries' <<<"$answer"
    else
        printf '{}\n'
    fi
}

# Adds the outputs of a stack to `known_outputs`. Names of outputs are unique over all stacks.
known_outputs='{}'
learn_outputs() {
    known_outputs=$(jq -s '.[0] + .[1]' <(printf '%s' "$known_outputs") <(outputs_of "$1"))
}

# Physical ids of a stack's resources of one type, a line each.
resources_of() {
    aws_json cloudformation describe-stack-resources --stack-name "$(stack_name "$1")" |
        jq -r --arg type "$2" '.StackResources[] | select(.ResourceType == $type) | .PhysicalResourceId'
}

# Sets `template_args` to how the template of a stack is passed: itself, or where it was put.
find_template() {
    local file bucket key
    file=$(template_of "$1")
    [ -f "$file" ] || die "there is no template $file"
    template_args=(--template-body "file://$file")
    [ "$(wc -c <"$file")" -le "$TEMPLATE_BYTES_MAX" ] && return 0
    bucket=$(jq -r '.ArtifactBucketName // empty' <<<"$known_outputs")
    [ -n "$bucket" ] || die "$file is too long for a request, and the bootstrap stack has no ArtifactBucketName"
    key="templates/$environment/$(sha256sum "$file" | cut -c1-16)/$1.yaml"
    aws_json s3api put-object --bucket "$bucket" --key "$key" --body "$file" >/dev/null
    template_args=(--template-url "https://$bucket.s3.$region.amazonaws.com/$key")
}

# The parameters of a stack as the API takes them: from the files of the environment, else from the output
# of that name of an earlier stack, else the template's default.
parameters_of() {
    local stack=$1 summary
    summary=$(aws_json cloudformation validate-template "${template_args[@]}")
    jq -n --arg stack "$stack" --arg image "$image" --arg environment "$environment" \
        --argjson summary "$summary" --argjson outputs "$known_outputs" \
        --argjson given "$(given_values)" '
        ($given[$stack] // {}) as $given
        | [$summary.Parameters[]? | .ParameterKey as $key
            | if $key == "ImageUri" then {key: $key, value: $image}
              elif $given | has($key) then {key: $key, value: $given[$key]}
              elif $key == "Environment" then {key: $key, value: $environment}
              elif $outputs | has($key) then {key: $key, value: $outputs[$key]}
              elif has("DefaultValue") then empty
              else {key: $key, missing: true} end]
        | {parameters: map(select(.missing | not) | {ParameterKey: .key, ParameterValue: (.value | tostring)}),
           missing: map(select(.missing) | .key),
           strange: [$given | keys[] | . as $key | select(any($summary.Parameters[]?; .ParameterKey == $key) | not)]}'
}

# The tags of all stacks, as the API takes them.
stack_tags() {
    given_values | jq --arg environment "$environment" '
        {Environment: $environment, Project: "wallet-service"} + (.tags // {})
        | to_entries | map({Key: .key, Value: .value})'
}
