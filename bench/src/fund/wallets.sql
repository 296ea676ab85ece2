-- Wallets $1 to $2 - 1, each funded with $3 at $4, and standing as the prefill will leave them: $5 debited and
-- credited again in $6 rounds, when their number is below $7. $8 wallets are funded by one entry.
WITH one AS MATERIALIZED (
    SELECT
        number,
        bench_wallet_id(number) AS id,
        $4::timestamptz + (number / $8) * interval '1 millisecond' AS funded_at,
        CASE WHEN number < $7 THEN $5::bigint ELSE 0 END AS moved,
        CASE WHEN number < $7 THEN $6::bigint ELSE 0 END AS rounds
    FROM generate_series($1::bigint, $2::bigint - 1) AS number
),
cold AS (
    INSERT INTO wallet (id, owner_id, kind, currency, created_at)
    SELECT id, 'bench-' || number, 'customer', 'EUR', funded_at FROM one
),
hot AS (
    INSERT INTO wallet_balance (
        wallet_id, currency, normal_side, debits_posted, credits_posted, wallet_seq, event_seq, last_posted_at
    )
    -- No posting of the prefill is later than $9; that it is later than most of them does no harm.
    SELECT
        id, 'EUR', 'credit', moved, $3 + moved, 1 + 2 * rounds, 2 * rounds,
        CASE WHEN rounds > 0 THEN $9::timestamptz ELSE funded_at END
    FROM one
)
INSERT INTO posting (wallet_id, posted_at, wallet_seq, entry_id, side, amount_minor, currency, balance_after_minor)
SELECT id, funded_at, 1, bench_id('9', funded_at, number / $8), 'credit', $3, 'EUR', $3
FROM one
