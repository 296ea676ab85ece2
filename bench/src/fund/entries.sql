-- The funding of $1 wallets with $2 each at $3: one deposit for every $4 of them, settled, out of the cash wallet $5.
-- One entry with many credits instead of a deposit for each wallet, because ten million deposits take an hour.
WITH one AS MATERIALIZED (
    SELECT
        number,
        $3::timestamptz + number * interval '1 millisecond' AS at,
        least($1::bigint - number * $4, $4::bigint) * $2::bigint AS amount,
        least((number + 1) * $4, $1) * $2 AS cash_after
    FROM generate_series(0, ($1::bigint - 1) / $4::bigint) AS number
),
named AS MATERIALIZED (
    SELECT
        one.*, bench_id('8', at, number) AS id, bench_id('9', at, number) AS entry_id, bench_id('a', at, number) AS event_id,
        bench_wallet_id(number * $4) AS first_wallet
    FROM one
),
written AS (
    INSERT INTO transfer (
        id, kind, status, caller, source_wallet_id, destination_wallet_id, amount_minor, currency, reference, entry_id, created_at, updated_at
    )
    SELECT id, 'deposit', 'settled', 'bench', $5::uuid, first_wallet, amount, 'EUR', 'funding of wallets', entry_id, at, at
    FROM named
),
entered AS (
    INSERT INTO journal_entry (id, transfer_id, posted_at, effective_at) SELECT entry_id, id, at, at FROM named
),
posted AS (
    INSERT INTO posting (wallet_id, posted_at, wallet_seq, entry_id, side, amount_minor, currency, balance_after_minor)
    SELECT $5, at, number + 1, entry_id, 'debit', amount, 'EUR', cash_after FROM named
),
logged AS (
    INSERT INTO saga_step (transfer_id, seq, step, undo, attempt, outcome, at)
    SELECT id, step.seq, step.name, false, 1, 'succeeded', at
    FROM named, (VALUES (1, 'place_hold'), (2, 'screen'), (3, 'post_entry')) AS step (seq, name)
),
told AS (
    INSERT INTO event (id, type, occurred_at, transfer_id, envelope)
    SELECT event_id, 'transfer.settled.v1', at, id, '{}' FROM named
),
counted AS (
    SELECT count(*) AS entries, sum(amount) AS amount, max(at) AS newest FROM named
)
UPDATE wallet_balance
SET debits_posted = counted.amount, wallet_seq = counted.entries, event_seq = counted.entries, last_posted_at = counted.newest
FROM counted
WHERE wallet_id = $5
