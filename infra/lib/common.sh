# Shared by all scripts here: words, errors, the environment, and one way to call AWS.
# shellcheck shell=bash

# The order in which stacks are made. A stack takes values from those before it only.
# `bootstrap` is made once, by hand: it holds the role that everything else is deployed with.
STACKS=(network security data messaging edge edge-rules cluster migrate api workers scheduled observability)
# What runs the program's image. A rollback touches these and no other.
SERVICE_STACKS=(api workers scheduled)

# Seconds between two looks at something that takes its time.
POLL_S=${HOLDFAST_POLL_S:-5}

say() { printf '%s\n' "$*"; }
title() { printf '\n== %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || die "$tool is not installed"
    done
}

# The environment by the name that people write.
environment_of() {
    case $1 in
    dev | staging | prod) printf '%s' "$1" ;;
    production) printf 'prod' ;;
    *) die "there is no environment '$1'; it is dev, staging or prod" ;;
    esac
}

stack_name() { printf 'holdfast-%s-%s' "$environment" "$1"; }
template_of() { printf '%s/cloudformation/%s.yaml' "$infra" "$1"; }
parameters_file() { printf '%s/cloudformation/parameters/%s.json' "$infra" "$environment"; }
# What differs in one region: prefix list, certificate, what there may be only one of. It lies over the file of the environment.
regional_file() { printf '%s/cloudformation/parameters/%s.%s.json' "$infra" "$environment" "$region"; }

# The values that people gave, of all stacks.
given_values() {
    local files=("$(parameters_file)")
    if [ -f "$(regional_file)" ]; then files+=("$(regional_file)"); fi
    jq -s 'reduce .[] as $file ({}; . * $file)' "${files[@]}"
}

# One place for region and format, so that no call depends on somebody's configuration.
aws_json() { aws --region "$region" --output json "$@"; }

# Shows whose account this is before anything is changed in it.
show_account() {
    local identity account
    identity=$(aws_json sts get-caller-identity) || die 'AWS does not know who we are; see docs/runbooks/deploy.md'
    account=$(jq -r '.Account' <<<"$identity")
    say "account $account, region $region, environment $environment, as $(jq -r '.Arn' <<<"$identity")"
    if [ -n "${HOLDFAST_AWS_ACCOUNT:-}" ] && [ "$account" != "$HOLDFAST_AWS_ACCOUNT" ]; then
        die "this is account $account, and HOLDFAST_AWS_ACCOUNT says $HOLDFAST_AWS_ACCOUNT"
    fi
}

# Asks a person, unless told that nobody is there.
confirm() {
    [ "${auto_approve:-no}" = yes ] && return 0
    local answer=''
    read -r -p "$1 [yes/no] " answer || true
    [ "$answer" = yes ] || die 'not confirmed; nothing more was changed'
}

# Calls a function again until it answers 0 (done) or 2 (will never be), at most for so many seconds.
wait_until() {
    local limit_s=$1 what=$2 outcome
    shift 2
    local end=$((SECONDS + limit_s))
    while :; do
        outcome=0
        "$@" || outcome=$?
        case $outcome in
        0) return 0 ;;
        2) return 1 ;;
        esac
        [ "$SECONDS" -lt "$end" ] || die "$what took longer than $limit_s s"
        sleep "$POLL_S"
    done
}
