#!/usr/bin/env bash
# Everything that can be said about the templates without an account: the linter in three regions, our own rules with
# their negative twins, and the cost. Makes its tools once, under target/, and needs Python 3.11 with venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Where it would run, where the customer's first plan is, and where the second region is.
regions=(us-east-1 sa-east-1 us-west-2)
venv=target/infra-venv

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo 'missing: Python 3.11 or later with venv (Debian: python3-venv)' >&2
    exit 1
fi
if ! cmp -s infra/requirements.txt "$venv/requirements.txt"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r infra/requirements.txt
    # Last, so that an installation that broke off is made anew.
    cp infra/requirements.txt "$venv/"
fi

# Informational checks count, too: retention and deletion policies are among them.
"$venv/bin/cfn-lint" --regions "${regions[@]}" --include-checks I --template infra/cloudformation/*.yaml
echo "cfn-lint: ${#regions[@]} regions, no findings"

"$venv/bin/python" -m pytest --quiet --no-header -p no:cacheprovider infra/tests/templates "$@"
