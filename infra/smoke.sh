#!/usr/bin/env bash
# A client's look at a running Holdfast: two wallets, money in, a transfer that settles, the same key again, balances.
#   infra/smoke.sh [--only-look] URL
# --only-look writes nothing: it asks whether the system is ready and knows its callers.
# Callers are asked who they are: HOLDFAST_TOKEN holds a token with wallet:read, wallet:write, wallet:deposit, and
# wallet:admin, because the wallets are of an owner who is made up. Without it HOLDFAST_TOKEN_URL is asked for one: for
# HOLDFAST_CLIENT_ID with HOLDFAST_CLIENT_SECRET, or, in a workflow of GitHub and where the issuer can do that, in exchange for
# the workflow's own token, so that nothing is stored. HOLDFAST_SCOPES says what the issuer calls those scopes.
# HOLDFAST_API_KEY goes along where a REST API with usage plans is in front.
set -euo pipefail
only_look=no
if [ "${1:-}" = --only-look ]; then only_look=yes; shift; fi
url=${1:?usage: infra/smoke.sh [--only-look] URL}
url=${url%/}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

scopes=${HOLDFAST_SCOPES:-wallet:read wallet:write wallet:deposit wallet:admin}

# A machine that has a secret (RFC 6749). It goes in by a file, because words of a command can be seen by others.
token_of_client() {
    curl -fsS --retry 3 -K <(printf 'user = "%s:%s"\n' "$HOLDFAST_CLIENT_ID" "$HOLDFAST_CLIENT_SECRET") \
        "$HOLDFAST_TOKEN_URL" -d grant_type=client_credentials --data-urlencode "scope=$scopes" | jq -er .access_token
}

# The workflow proves who it is; the issuer gives a token of ours for that (RFC 8693).
exchange_token() {
    local own
    own=$(curl -fsS --retry 3 -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
        "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$HOLDFAST_TOKEN_AUDIENCE" | jq -er .value)
    curl -fsS --retry 3 "$HOLDFAST_TOKEN_URL" \
        -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
        -d subject_token_type=urn:ietf:params:oauth:token-type:jwt \
        --data-urlencode "subject_token=$own" --data-urlencode "scope=$scopes" | jq -er .access_token
}

token=${HOLDFAST_TOKEN:-}
if [ -z "$token" ] && [ "$only_look" = no ] && [ -n "${HOLDFAST_TOKEN_URL:-}" ]; then
    if [ -n "${HOLDFAST_CLIENT_ID:-}" ]; then token=$(token_of_client); else token=$(exchange_token); fi ||
        fail "$HOLDFAST_TOKEN_URL gives no token"
fi

# call METHOD PATH [BODY] [KEY]: the body of a successful answer.
call() {
    local words=(-sS --max-time 20 -X "$1" "$url$2" -w '\n%{http_code}')
    if [ -n "$token" ]; then words+=(-H "Authorization: Bearer $token"); fi
    if [ -n "${HOLDFAST_API_KEY:-}" ]; then words+=(-H "x-api-key: $HOLDFAST_API_KEY"); fi
    if [ -n "${3:-}" ]; then words+=(-H 'Content-Type: application/json' -d "$3"); fi
    if [ -n "${4:-}" ]; then words+=(-H "Idempotency-Key: $4" -H 'Prefer: wait=10'); fi
    local answer status
    answer=$(curl "${words[@]}") || fail "$1 $2: no answer"
    status=${answer##*$'\n'}
    [[ $status == 2* ]] || fail "$1 $2: $answer"
    printf '%s' "${answer%$'\n'*}"
}

call GET /health/ready >/dev/null
echo 'ready'
if [ "$only_look" = yes ]; then exit 0; fi

run=smoke-$(date +%s)-$$
wallet() { call POST /v1/wallets "{\"owner_id\":\"$run\",\"currency\":\"EUR\"}" "$run-$1" | jq -r .id; }
alice=$(wallet alice)
bob=$(wallet bob)
settled() { jq -e '.status == "settled"' >/dev/null || fail "$1 did not settle"; }
call POST /v1/deposits "{\"wallet_id\":\"$alice\",\"amount_minor\":1000,\"currency\":\"EUR\"}" "$run-in" | settled 'the deposit'
transfer="{\"source_wallet_id\":\"$alice\",\"destination_wallet_id\":\"$bob\",\"amount_minor\":400,\"currency\":\"EUR\"}"
first=$(call POST /v1/transfers "$transfer" "$run-pay")
settled 'the transfer' <<<"$first"
again=$(call POST /v1/transfers "$transfer" "$run-pay")
[ "$(jq -r .id <<<"$first")" = "$(jq -r .id <<<"$again")" ] || fail 'the same key made two transfers'
for one in "$alice 600" "$bob 400"; do
    read -r id expected <<<"$one"
    balance=$(call GET "/v1/wallets/$id/balance" | jq -r .ledger_minor)
    [ "$balance" = "$expected" ] || fail "the balance of $id is $balance, not $expected"
done
echo 'a transfer settled, once, and the balances are right'
