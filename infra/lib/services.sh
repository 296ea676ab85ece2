# What runs: the one-off migration, and services that have to come to rest.
# shellcheck shell=bash

MIGRATION_LIMIT_S=${HOLDFAST_MIGRATION_LIMIT_S:-3600}
# Longer than the bake time of a blue/green deployment and the drain of the old tasks.
SERVICE_LIMIT_S=${HOLDFAST_SERVICE_LIMIT_S:-3600}

# Runs `holdfast-migrate up` once and waits for its end. The services of before go on meanwhile: a migration only adds.
run_migration() {
    title 'migration'
    local definition cluster network answer task
    definition=$(resources_of migrate AWS::ECS::TaskDefinition | head -n 1)
    cluster=$(resources_of cluster AWS::ECS::Cluster | head -n 1)
    [ -n "$definition" ] && [ -n "$cluster" ] || die 'no task definition of the migration, or no cluster'
    network=$(jq -c '
        {awsvpcConfiguration: {
            subnets: (.AppSubnetIds | split(",")),
            securityGroups: [.MigrateSecurityGroupId],
            assignPublicIp: (.AssignPublicIp // "DISABLED")}}' <<<"$known_outputs") ||
        die 'no AppSubnetIds or MigrateSecurityGroupId among the outputs'
    answer=$(aws_json ecs run-task --cluster "$cluster" --task-definition "$definition" --launch-type FARGATE \
        --count 1 --started-by "deploy" --network-configuration "$network")
    task=$(jq -r '.tasks[0].taskArn // empty' <<<"$answer")
    [ -n "$task" ] || die "the migration did not start: $(jq -r '[.failures[]?.reason] | join(", ")' <<<"$answer")"
    say "task $task"
    wait_until "$MIGRATION_LIMIT_S" 'the migration' task_has_stopped "$cluster" "$task"
    answer=$(aws_json ecs describe-tasks --cluster "$cluster" --tasks "$task")
    # No exit code means that the container never ran.
    if [ "$(jq -r '[.tasks[0].containers[].exitCode // -1] | max' <<<"$answer")" != 0 ] ||
        [ "$(jq -r '[.tasks[0].containers[].exitCode // -1] | min' <<<"$answer")" != 0 ]; then
        die "the migration failed: $(jq -r '[.tasks[0].stoppedReason, (.tasks[0].containers[] | "\(.name) exit code \(.exitCode // "none") \(.reason // "")")] | join("; ")' <<<"$answer"). No service was changed; see docs/runbooks/deploy-failed.md"
    fi
    say 'migrated'
}

task_has_stopped() {
    [ "$(aws_json ecs describe-tasks --cluster "$1" --tasks "$2" | jq -r '.tasks[0].lastStatus')" = STOPPED ]
}

# Waits until every service of a stack runs what it should, as often as it should.
verify_services() {
    local stack=$1 service
    for service in $(resources_of "$stack" AWS::ECS::Service); do
        wait_until "$SERVICE_LIMIT_S" "$service" service_is_done "$service" ||
            die "$service did not come to rest with the new image; see docs/runbooks/deploy-failed.md"
        say "running = desired: $service ($service_count)"
    done
}

# arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME
cluster_of() {
    local path=${1#*:service/}
    printf '%s' "${path%%/*}"
}

service_is_done() {
    local service=$1 cluster answer strategy
    cluster=$(cluster_of "$service")
    answer=$(aws_json ecs describe-services --cluster "$cluster" --services "$service" | jq '.services[0]')
    strategy=$(jq -r '.deploymentConfiguration.strategy // "ROLLING"' <<<"$answer")
    if [ "$strategy" = ROLLING ]; then
        case $(jq -r '[.deployments[].rolloutState] | if any(. == "FAILED") then "FAILED" elif length == 1 and .[0] == "COMPLETED" then "COMPLETED" else "IN_PROGRESS" end' <<<"$answer") in
        FAILED) return 2 ;;
        IN_PROGRESS) return 1 ;;
        esac
    else
        # The circuit breaker does not watch these deployments, and no event tells of their failure.
        case $(newest_deployment "$cluster" "$service") in
        SUCCESSFUL) ;;
        PENDING | IN_PROGRESS) return 1 ;;
        *) return 2 ;;
        esac
    fi
    jq -e '.runningCount == .desiredCount and .pendingCount == 0' <<<"$answer" >/dev/null || return 1
    service_count=$(jq -r '.runningCount' <<<"$answer")
    tasks_run_the_image "$cluster" "$service"
}

newest_deployment() {
    local arn
    arn=$(aws_json ecs list-service-deployments --cluster "$1" --service "$2" |
        jq -r '.serviceDeployments | sort_by(.createdAt) | last | .serviceDeploymentArn // empty')
    [ -n "$arn" ] || { printf 'NONE'; return 0; }
    aws_json ecs describe-service-deployments --service-deployment-arns "$arn" | jq -r '.serviceDeployments[0].status'
}

# A deployment that ECS has rolled back is at rest, too, with the image of before.
tasks_run_the_image() {
    local tasks
    mapfile -t tasks < <(aws_json ecs list-tasks --cluster "$1" --service-name "$2" --desired-status RUNNING |
        jq -r '.taskArns[]')
    [ "${#tasks[@]}" -gt 0 ] || return 0
    # 100 is the most that one request may ask for, and more than any service of ours has.
    aws_json ecs describe-tasks --cluster "$1" --tasks "${tasks[@]:0:100}" |
        jq -e --arg image "$image" 'all(.tasks[]; any(.containers[]; .image == $image))' >/dev/null || return 2
}
