-- Writes what a group has decided: everything in one statement and one round trip.
-- All rows concerned are locked already, so no order of writes can deadlock.
WITH
-- Balances, as differences: the row's own constraints judge the result again.
wallet_change AS (
    UPDATE wallet_balance AS w
    SET debits_posted = w.debits_posted + c.debits_posted,
        credits_posted = w.credits_posted + c.credits_posted,
        debits_pending = w.debits_pending + c.debits_pending,
        wallet_seq = w.wallet_seq + c.postings,
        event_seq = w.event_seq + c.events,
        last_posted_at = c.last_posted_at
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[])
        AS c (id, debits_posted, credits_posted, debits_pending, postings, events, last_posted_at)
    WHERE w.wallet_id = c.id
),
-- What clients see. The bounds let the plan leave out partitions before it starts.
seen AS (
    UPDATE transfer AS t
    SET status = c.status,
        source_wallet_id = coalesce(t.source_wallet_id, c.source_wallet_id),
        entry_id = c.entry_id,
        hold_minor = c.hold_minor,
        failure_class = c.failure_class,
        failure_code = c.failure_code,
        failure_detail = c.failure_detail,
        updated_at = $8
    FROM unnest($9::uuid[], $10::text[], $11::uuid[], $12::uuid[], $13::bigint[], $14::text[], $15::text[], $16::text[])
        AS c (id, status, source_wallet_id, entry_id, hold_minor, failure_class, failure_code, failure_detail)
    WHERE t.id = c.id AND t.id BETWEEN $17 AND $18
    RETURNING t.id
),
-- Sagas at their end leave the open work.
ended AS (
    DELETE FROM saga_open WHERE transfer_id = ANY($19::uuid[])
),
logged AS (
    INSERT INTO saga_step (transfer_id, seq, step, undo, attempt, outcome, failure_code, failure_detail, at)
    SELECT c.transfer_id, c.seq, c.step, c.undo, c.attempt, c.outcome, c.failure_code, c.failure_detail, $8
    FROM unnest($20::uuid[], $21::smallint[], $22::text[], $23::boolean[], $24::smallint[], $25::text[], $26::text[], $27::text[])
        AS c (transfer_id, seq, step, undo, attempt, outcome, failure_code, failure_detail)
),
entered AS (
    INSERT INTO journal_entry (id, transfer_id, posted_at, effective_at)
    SELECT c.id, c.transfer_id, c.posted_at, c.posted_at
    FROM unnest($28::uuid[], $29::uuid[], $30::timestamptz[]) AS c (id, transfer_id, posted_at)
),
posted AS (
    INSERT INTO posting (wallet_id, posted_at, wallet_seq, entry_id, side, amount_minor, currency, balance_after_minor)
    SELECT c.wallet_id, c.posted_at, c.wallet_seq, c.entry_id, c.side, c.amount_minor, c.currency, c.balance_after_minor
    FROM unnest($31::uuid[], $32::timestamptz[], $33::bigint[], $34::uuid[], $35::text[], $36::bigint[], $37::text[], $38::bigint[])
        AS c (wallet_id, posted_at, wallet_seq, entry_id, side, amount_minor, currency, balance_after_minor)
),
told AS (
    INSERT INTO event (id, type, occurred_at, transfer_id, correlation_id, traceparent, envelope)
    SELECT c.id, c.type, c.occurred_at, c.transfer_id, c.correlation_id, c.traceparent, c.envelope
    FROM unnest($39::uuid[], $40::text[], $41::timestamptz[], $42::uuid[], $43::text[], $44::text[], $45::text[])
        AS c (id, type, occurred_at, transfer_id, correlation_id, traceparent, envelope)
),
to_send AS (
    INSERT INTO outbox (event_id) SELECT unnest($39::uuid[])
)
-- Fewer than were given means that an open row has no transfer.
SELECT count(*) FROM seen
