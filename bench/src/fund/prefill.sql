-- Settled transfers $1 to $2 - 1 among the first $3 wallets, $4 apart from $5 on; wallets hold $6 before the first.
--
-- In each round every wallet pays its neighbour at a distance that changes from round to round, all of them the same
-- amount. So each wallet is debited once and credited once in a round, its balance after it is what it was before, and
-- running balances need no sum over what came earlier, which makes this linear.
WITH planned AS MATERIALIZED (
    SELECT
        number,
        number / $3::bigint AS round,
        number % $3 AS source,
        1 + (number / $3 * 7919) % ($3 - 1) AS distance,
        100 + number / $3 % 900 AS amount,
        $5::timestamptz + number * $4::interval AS at
    FROM generate_series($1::bigint, $2::bigint - 1) AS number
),
one AS MATERIALIZED (
    SELECT
        number, round, amount, at,
        bench_wallet_id(source) AS source,
        bench_wallet_id((source + distance) % $3) AS destination,
        -- Whether the source was credited before in this round, and the destination debited.
        (source - distance + $3) % $3 < source AS source_second,
        (source + distance) % $3 < source AS destination_second,
        -- Apart from the numbers of the funding entries.
        bench_id('8', at, 1000000000 + number) AS id,
        bench_id('9', at, 1000000000 + number) AS entry_id,
        bench_id('a', at, 1000000000 + number) AS event_id
    FROM planned
),
keyed AS (
    INSERT INTO idempotency_key (key_hash, payload_hash, resource_id, created_at)
    SELECT md5('bench key ' || number)::uuid, md5('bench payload ' || number)::uuid, id, at
    FROM one
    -- Older ones would have been freed by now, and the keeper would do that during the measurement.
    WHERE at > now() - interval '29 days'
),
written AS (
    INSERT INTO transfer (
        id, kind, status, caller, source_wallet_id, destination_wallet_id, amount_minor, currency, reference, entry_id,
        correlation_id, created_at, updated_at
    )
    SELECT
        id, 'transfer', 'settled', 'bench', source, destination, amount, 'EUR', 'prefill', entry_id,
        id::text, at - interval '5 milliseconds', at
    FROM one
),
entered AS (
    INSERT INTO journal_entry (id, transfer_id, posted_at, effective_at) SELECT entry_id, id, at, at FROM one
),
posted AS (
    INSERT INTO posting (wallet_id, posted_at, wallet_seq, entry_id, side, amount_minor, currency, balance_after_minor)
    SELECT
        source, at, 2 * round + CASE WHEN source_second THEN 3 ELSE 2 END, entry_id, 'debit', amount, 'EUR',
        $6::bigint - CASE WHEN source_second THEN 0 ELSE amount END
    FROM one
    UNION ALL
    SELECT
        destination, at, 2 * round + CASE WHEN destination_second THEN 3 ELSE 2 END, entry_id, 'credit', amount, 'EUR',
        $6 + CASE WHEN destination_second THEN 0 ELSE amount END
    FROM one
),
logged AS (
    INSERT INTO saga_step (transfer_id, seq, step, undo, attempt, outcome, at)
    SELECT id, step.seq, step.name, false, 1, 'succeeded', at
    FROM one, (VALUES (1, 'place_hold'), (2, 'screen'), (3, 'post_entry')) AS step (seq, name)
)
INSERT INTO event (id, type, occurred_at, transfer_id, correlation_id, envelope)
SELECT
    event_id, 'transfer.settled.v1', at, id, id::text,
    format(
        '{"event_id":"%s","type":"transfer.settled.v1","occurred_at":"%s","wallet_seqs":{"%s":%s,"%s":%s},"data":{"transfer_id":"%s","kind":"transfer","source_wallet_id":"%s","destination_wallet_id":"%s","amount_minor":%s,"currency":"EUR"}}',
        event_id, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), source, 2 * round + CASE WHEN source_second THEN 2 ELSE 1 END,
        destination, 2 * round + CASE WHEN destination_second THEN 2 ELSE 1 END,
        id, source, destination, amount
    )
FROM one
