#!/usr/bin/env bash
# Makes the logins of a new database (roles.sql) as its master user, through the Data API: the database's subnets have no
# way in. Each statement goes alone and all of them in one transaction, so a second try begins at the start.
#   infra/database/make-logins.sh ENVIRONMENT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

environment=${1:?usage: make-logins.sh dev|staging|prod}
outputs=$(aws cloudformation describe-stacks --stack-name "holdfast-$environment-data" --output json --query 'Stacks[0].Outputs')
output() { jq -er --arg key "$1" '.[] | select(.OutputKey == $key).OutputValue' <<<"$outputs"; }
cluster=$(output DatabaseArn)
secret=$(output DatabaseMasterSecretArn)
where=(--resource-arn "$cluster" --secret-arn "$secret" --output json)

transaction=$(aws rds-data begin-transaction "${where[@]}" --database holdfast | jq -er .transactionId)
trap 'aws rds-data rollback-transaction "${where[@]}" --transaction-id "$transaction" >/dev/null || true' EXIT
# Statements end with a semicolon at the end of a line; comments are lines of their own.
statement=''
while IFS= read -r line; do
    [[ $line == --* || -z $line ]] && continue
    statement+="$line "
    if [[ $line == *\; ]]; then
        printf '%s\n' "$statement"
        aws rds-data execute-statement "${where[@]}" --database holdfast --transaction-id "$transaction" \
            --sql "${statement%; }" >/dev/null
        statement=''
    fi
done <"$here/roles.sql"
aws rds-data commit-transaction "${where[@]}" --transaction-id "$transaction" >/dev/null
trap - EXIT
echo "the logins of $environment are made"
