#!/usr/bin/env bash
# Brings an environment to what the templates say, with one image: stack by stack, each change shown and judged
# before it is carried out, the migration before the services, and done only when every service runs the new image.
set -euo pipefail
infra=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/lib/common.sh
. "$infra/lib/common.sh"
# shellcheck source=infra/lib/stacks.sh
. "$infra/lib/stacks.sh"
# shellcheck source=infra/lib/changes.sh
. "$infra/lib/changes.sh"
# shellcheck source=infra/lib/services.sh
. "$infra/lib/services.sh"

usage() {
    cat <<'USAGE'
usage: infra/deploy.sh deploy   --environment ENV [--image REPOSITORY@sha256:DIGEST] [options]
       infra/deploy.sh plan     --environment ENV [--image REPOSITORY@sha256:DIGEST] [options]
       infra/deploy.sh rollback --environment ENV [--image REPOSITORY@sha256:DIGEST] [options]
       infra/deploy.sh verify   --environment ENV --image REPOSITORY@sha256:DIGEST

deploy    changes all stacks in order, migrates, and waits until the services run the image
plan      makes and shows every change set, and carries out none; a stack whose values come from
          a stack that is not there yet ends it
rollback  puts the image of before (or --image) back into the services; the schema stays as it is
verify    waits until all services run the image, and changes nothing

  --environment dev|staging|prod
  --image URI                     by digest, never by tag; left out only where no chosen stack runs it
  --only STACK[,STACK]            these stacks alone; `bootstrap` is only ever deployed so
  --skip-migration                for a change that has nothing to do with the schema
  --allow-replace STACK/RESOURCE  a replacement or removal that is meant; may be given again
  --auto-approve                  asks nobody
  --region REGION                 default: AWS_REGION
USAGE
}

parse() {
    command=${1:-}
    case $command in deploy | plan | rollback | verify) shift ;; *) usage >&2; exit 2 ;; esac
    environment='' image='' only='' skip_migration=no auto_approve=no plan_only=no
    allow_replace=() policy_loosened='' region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
    while [ $# -gt 0 ]; do
        case $1 in
        --environment) environment=$(environment_of "${2:-}") ;;
        --image) image=${2:-} ;;
        --only) only=${2:-} ;;
        --allow-replace) allow_replace+=("${2:-}") ;;
        --region) region=${2:-} ;;
        --skip-migration) skip_migration=yes; shift; continue ;;
        --auto-approve) auto_approve=yes; shift; continue ;;
        *) printf 'error: %s is no option\n' "$1" >&2; usage >&2; exit 2 ;;
        esac
        [ $# -ge 2 ] || die "$1 needs a value"
        shift 2
    done
    [ -n "$environment" ] || die '--environment is missing'
    [ -n "$region" ] || die '--region is missing, and AWS_REGION is not set'
    if [ "$command" = plan ]; then plan_only=yes; fi
}

# A tag can be moved to another image between the test and the deployment; a digest cannot.
require_image() {
    [ -n "$image" ] || die '--image is missing'
    [[ $image =~ ^[^@[:space:]]+@sha256:[0-9a-f]{64}$ ]] || die "--image must name a digest (REPOSITORY@sha256:...), not $image"
    local repository=${image%@*} answer
    answer=$(aws_json ecr describe-images --repository-name "${repository#*/}" --image-ids "imageDigest=${image#*@}" 2>&1) ||
        case $answer in
        *NotFound*) die "the registry does not have $image" ;;
        *) say "the registry was not asked for the image: $answer" ;;
        esac
}

wanted() { [ -z "$only" ] || [[ ",$only," == *",$1,"* ]]; }

# Whether a chosen stack runs the image. Those that only stand around it can be changed without one.
needs_image() {
    local stack
    for stack in "${STACKS[@]}"; do
        if wanted "$stack" && grep -qw ImageUri "$(template_of "$stack")"; then return 0; fi
    done
    return 1
}

deploy_all() {
    local stack
    if [ -n "$only" ]; then
        for stack in ${only//,/ }; do
            [[ " bootstrap ${STACKS[*]} " == *" $stack "* ]] || die "there is no stack '$stack'"
        done
    fi
    if [[ ",$only," == *,bootstrap,* ]]; then deploy_stack bootstrap; fi
    learn_outputs bootstrap
    for stack in "${STACKS[@]}"; do
        if wanted "$stack"; then deploy_stack "$stack"; fi
        learn_outputs "$stack"
        wanted "$stack" || continue
        if [ "$stack" = migrate ] && [ "$plan_only" = no ] && [ "$skip_migration" = no ]; then
            run_migration
        fi
        if [ "$plan_only" = no ]; then verify_stack "$stack"; fi
    done
}

# The API is looked at before the workers are touched.
verify_stack() {
    [[ " ${SERVICE_STACKS[*]} " == *" $1 "* ]] || return 0
    verify_services "$1"
}

verify_all() {
    local stack
    for stack in "${SERVICE_STACKS[@]}"; do verify_stack "$stack"; done
}

# A deployment that still runs is stopped first: CloudFormation would wait for it.
rollback_all() {
    local stack
    if [ -z "$image" ]; then
        image=$(image_before)
        [ -n "$image" ] || die 'ECS remembers no image of before; name one with --image'
    fi
    require_image
    say "back to $image"
    confirm 'put this image back into the services?'
    auto_approve=yes
    for stack in bootstrap "${STACKS[@]}"; do learn_outputs "$stack"; done
    for stack in "${SERVICE_STACKS[@]}"; do cancel_update "$stack"; done
    for stack in "${SERVICE_STACKS[@]}"; do
        deploy_stack "$stack"
        verify_stack "$stack"
    done
}

cancel_update() {
    [ "$(stack_status "$1")" = UPDATE_IN_PROGRESS ] || return 0
    say "ending the update of $(stack_name "$1")"
    stop_deployments "$1"
    wait_until "$STACK_LIMIT_S" "$(stack_name "$1")" update_is_cancelled "$1" || show_failure "$1"
}

update_is_cancelled() {
    case $(stack_status "$1") in
    UPDATE_ROLLBACK_COMPLETE | UPDATE_COMPLETE) return 0 ;;
    UPDATE_ROLLBACK_FAILED) return 2 ;;
    *) return 1 ;;
    esac
}

show_outputs() {
    local stack
    title 'outputs'
    for stack in edge observability; do outputs_of "$stack"; done |
        jq -rs 'add // {} | to_entries[] | select(.key | test("Url$")) | "\(.key) \(.value)"'
}

main() {
    parse "$@"
    need aws jq column
    [ -f "$(parameters_file)" ] || die "there is no $(parameters_file)"
    trap close_policy EXIT
    show_account
    case $command in
    deploy | plan)
        if needs_image; then require_image; fi
        deploy_all
        ;;
    rollback) rollback_all ;;
    verify) require_image; verify_all ;;
    esac
    if [ "$command" = deploy ] && [ -z "$only" ]; then show_outputs; fi
    title "done: $command $environment"
}

main "$@"
