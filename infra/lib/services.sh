# What runs: the one-off migration, and services that have to come to rest.
# shellcheck shell=bash

TASK_LIMIT_S=${HOLDFAST_TASK_LIMIT_S:-3600}
# Longer than the bake time of a blue/green deployment and the drain of the old tasks.
SERVICE_LIMIT_S=${HOLDFAST_SERVICE_LIMIT_S:-3600}

# Runs `holdfast-migrate up` once and waits for its end. The services of before go on meanwhile: a migration only adds.
run_migration() {
    title 'migration'
    local definition
    definition=$(jq -r '.MigrateTaskArn // empty' <<<"$known_outputs")
    [ -n "$definition" ] || die 'no MigrateTaskArn among the outputs'
    run_task "$definition" MigrateSecurityGroupId ||
        die "the migration failed: $task_end. No service was changed; see docs/runbooks/deploy-failed.md"
    say 'migrated'
}

# run_task DEFINITION GROUP [OVERRIDES]: runs a task once, in the network of ours, and waits for its end. Answers with the
# exit code of its container, or 1 if that never ran; `task_end` says how it ended, `task` is its ARN.
run_task() {
    local cluster network answer words code
    cluster=$(jq -r '.ClusterName // empty' <<<"$known_outputs")
    [ -n "$cluster" ] || die 'no ClusterName among the outputs'
    network=$(jq -c --arg group "$2" '
        {awsvpcConfiguration: {
            subnets: (.AppSubnetIds | split(",")),
            securityGroups: [.[$group] // error("no group")],
            assignPublicIp: (.AssignPublicIp // "DISABLED")}}' <<<"$known_outputs") ||
        die "no AppSubnetIds or $2 among the outputs"
    words=(--cluster "$cluster" --task-definition "$1" --launch-type FARGATE --count 1 --started-by deploy)
    words+=(--network-configuration "$network")
    if [ -n "${3:-}" ]; then words+=(--overrides "$3"); fi
    answer=$(aws_json ecs run-task "${words[@]}")
    task=$(jq -r '.tasks[0].taskArn // empty' <<<"$answer")
    [ -n "$task" ] || die "the task did not start: $(jq -r '[.failures[]?.reason] | join(", ")' <<<"$answer")"
    say "task $task"
    wait_until "$TASK_LIMIT_S" 'the task' task_has_stopped "$cluster" "$task"
    answer=$(aws_json ecs describe-tasks --cluster "$cluster" --tasks "$task")
    task_end=$(jq -r '[.tasks[0].stoppedReason, (.tasks[0].containers[] |
        "\(.name) exit code \(.exitCode // "none") \(.reason // "")")] | join("; ")' <<<"$answer")
    # No exit code means that the container never ran.
    code=$(jq '[.tasks[0].containers[].exitCode // 1] | max // 1' <<<"$answer")
    return "$code"
}

task_has_stopped() {
    [ "$(aws_json ecs describe-tasks --cluster "$1" --tasks "$2" | jq -r '.tasks[0].lastStatus')" = STOPPED ]
}

# Waits until every service of a stack runs what it should, as often as it should.
verify_services() {
    local stack=$1 service
    for service in $(resources_of "$stack" AWS::ECS::Service); do
        wait_until "$SERVICE_LIMIT_S" "$service" service_is_done "$service" ||
            die "$service did not come to rest with $image; see docs/runbooks/deploy-failed.md"
        say "running = desired: $service ($service_count)"
    done
}

# arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME
cluster_of() {
    local path=${1#*:service/}
    printf '%s' "${path%%/*}"
}

# Done: the newest deployment has succeeded, with our image, and as many tasks run as should. One that ECS has rolled
# back is at rest, too, with the image of before; no event and no circuit breaker tells of that under blue/green.
service_is_done() {
    local service=$1 cluster answer newest
    cluster=$(cluster_of "$service")
    newest=$(deployments_of "$cluster" "$service" | jq -c 'first // {}')
    case $(jq -r '.status // "NONE"' <<<"$newest") in
    SUCCESSFUL) ;;
    PENDING | IN_PROGRESS | NONE) return 1 ;;
    *) return 2 ;;
    esac
    [ "$(image_of "$(jq -r '.targetServiceRevisionArn' <<<"$newest")")" = "$image" ] || return 2
    answer=$(aws_json ecs describe-services --cluster "$cluster" --services "$service" | jq '.services[0]')
    if [ "$(jq -r '.deploymentConfiguration.strategy // "ROLLING"' <<<"$answer")" = ROLLING ]; then
        jq -e 'all(.deployments[]; .rolloutState == "COMPLETED")' <<<"$answer" >/dev/null || return 1
    fi
    jq -e '.runningCount == .desiredCount and .pendingCount == 0' <<<"$answer" >/dev/null || return 1
    service_count=$(jq -r '.runningCount' <<<"$answer")
}

# All deployments of a service that ECS remembers, the newest first.
deployments_of() {
    aws_json ecs list-service-deployments --cluster "$1" --service "$2" |
        jq -c '.serviceDeployments | sort_by(.createdAt) | reverse'
}

# The image that a revision of a service has.
image_of() {
    aws_json ecs describe-service-revisions --service-revision-arns "$1" |
        jq -r '.serviceRevisions[0].containerImages[0].image'
}

# The image that the API ran before the one that it runs now: what a rollback goes back to.
image_before() {
    local service cluster current='' revision found
    service=$(resources_of api AWS::ECS::Service | head -n 1)
    [ -n "$service" ] || return 0
    cluster=$(cluster_of "$service")
    for revision in $(deployments_of "$cluster" "$service" |
        jq -r '.[] | select(.status == "SUCCESSFUL") | .targetServiceRevisionArn'); do
        found=$(image_of "$revision")
        if [ -z "$current" ]; then
            current=$found
        elif [ "$found" != "$current" ]; then
            printf '%s' "$found"
            return 0
        fi
    done
}

# Ends what is under way, so that CloudFormation, which waits for it, goes back by itself.
stop_deployments() {
    local service deployment
    for service in $(resources_of "$1" AWS::ECS::Service); do
        for deployment in $(deployments_of "$(cluster_of "$service")" "$service" |
            jq -r '.[] | select(.status == "PENDING" or .status == "IN_PROGRESS") | .serviceDeploymentArn'); do
            say "stopping $deployment"
            aws_json ecs stop-service-deployment --service-deployment-arn "$deployment" --stop-type ROLLBACK >/dev/null
        done
    done
}
