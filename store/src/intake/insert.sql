-- Writes a batch of commands: idempotency keys first, then for each key that was
-- free its transfer and its open row, and the jobs for all of them: one, or several of bulk work.
-- The arrays come sorted by key hash; see write_batch for why.
WITH command AS MATERIALIZED (
    SELECT *
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[],
        $8::bigint[], $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::text[], $17::jsonb[]
    ) AS c (
        key_hash, payload_hash, id, kind, caller, source_wallet_id, destination_wallet_id,
        amount_minor, currency, reference, metadata, correlation_id, traceparent, terms
    )
),
-- Keys that were free. A batch that holds the same key makes this wait for its commit.
fresh AS (
    INSERT INTO idempotency_key (key_hash, payload_hash, resource_id)
    SELECT key_hash, payload_hash, id FROM command
    ON CONFLICT (key_hash) DO NOTHING
    RETURNING resource_id
),
accepted AS (
    SELECT command.* FROM command JOIN fresh ON fresh.resource_id = command.id
),
written AS (
    INSERT INTO transfer (
        id, kind, caller, source_wallet_id, destination_wallet_id, amount_minor, currency,
        reference, metadata, correlation_id, traceparent, terms, hold_expires_at, reverses_id
    )
    SELECT
        id, kind, caller, source_wallet_id, destination_wallet_id, amount_minor, currency,
        reference, metadata, correlation_id, traceparent, terms,
        (terms #>> '{hold,expires_at}')::timestamptz, (terms #>> '{reverses,transfer_id}')::uuid
    FROM accepted
),
opened AS (
    INSERT INTO saga_open (
        transfer_id, kind, source_wallet_id, destination_wallet_id, amount_minor, currency,
        correlation_id, traceparent, terms, bulk
    )
    SELECT
        id, kind, source_wallet_id, destination_wallet_id, amount_minor, currency,
        correlation_id, traceparent, terms, $18::integer < 0
    FROM accepted
),
-- The jobs name the whole batch; the lane skips ids that have no open row.
job AS (
    INSERT INTO apalis.jobs (id, job_type, job, priority)
    SELECT job.id, $15::text, job.payload, $18::integer
    FROM unnest($14::text[], $16::bytea[]) AS job (id, payload)
    WHERE EXISTS (SELECT 1 FROM fresh)
)
SELECT resource_id FROM fresh
