CREATE OR REPLACE FUNCTION apalis.get_jobs(
    worker_id text,
    v_job_type text,
    v_job_count integer DEFAULT 5
)
RETURNS SETOF apalis.jobs
LANGUAGE sql
VOLATILE
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
AS $$
    WITH jobs AS (
        SELECT id
        FROM apalis.jobs
        WHERE
            (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts))
            AND run_at < now()
            AND job_type = v_job_type
            AND NOT (v_job_type = 'wallet-saga' AND EXISTS (
                SELECT 1 FROM public.switch WHERE kind = 'pause_queue' AND subject = 'saga' AND "on"
            ))
        ORDER BY priority DESC, run_at ASC
        LIMIT v_job_count
        FOR UPDATE SKIP LOCKED
    )
    UPDATE apalis.jobs j
    SET status = 'Queued', lock_by = worker_id, lock_at = now()
    FROM jobs
    WHERE j.id = jobs.id
    RETURNING j.*;
$$;

ALTER TABLE posting
    ALTER COLUMN side TYPE text,
    ALTER COLUMN amount_minor TYPE bigint,
    ADD CONSTRAINT posting_side_is_known CHECK (side IN ('debit', 'credit')),
    ADD CONSTRAINT posting_amount_is_positive CHECK (amount_minor > 0);

ALTER TABLE saga_step
    ALTER COLUMN outcome TYPE text,
    ADD CONSTRAINT saga_step_outcome_is_known
        CHECK (outcome IN ('succeeded', 'rejected', 'transient', 'permanent', 'unknown'));

ALTER TABLE saga_open
    ALTER COLUMN kind TYPE text,
    ALTER COLUMN step TYPE text,
    ALTER COLUMN undo_class TYPE text,
    ALTER COLUMN hold_minor TYPE bigint,
    ALTER COLUMN parked_reason TYPE text,
    ADD CONSTRAINT saga_open_step_is_known CHECK (step IN ('place_hold', 'screen', 'post_entry')),
    ADD CONSTRAINT saga_open_hold_not_negative CHECK (hold_minor >= 0),
    ADD CONSTRAINT saga_open_parked_reason_is_known CHECK (parked_reason IN (
        'attempts_used_up', 'outcome_unknown', 'compensation_failed', 'kills_its_worker',
        'broken_invariant', 'parked_by_operator'));

ALTER TABLE transfer
    ALTER COLUMN kind TYPE text,
    ALTER COLUMN status TYPE text,
    ALTER COLUMN amount_minor TYPE bigint,
    ALTER COLUMN failure_class TYPE text,
    ALTER COLUMN resolution TYPE text,
    ADD CONSTRAINT transfer_kind_is_known CHECK (kind IN ('transfer', 'deposit')),
    ADD CONSTRAINT transfer_status_is_known CHECK (status IN (
        'accepted', 'held', 'settled', 'rejected', 'failed', 'stuck', 'voided', 'expired')),
    ADD CONSTRAINT transfer_amount_within_range CHECK (amount_minor BETWEEN 1 AND 9007199254740991),
    ADD CONSTRAINT transfer_failure_class_is_known
        CHECK (failure_class IN ('rejected', 'transient', 'permanent', 'unknown')),
    ADD CONSTRAINT transfer_resolution_is_known
        CHECK (resolution IN ('settled_outside', 'failed_outside', 'discarded'));

ALTER TABLE wallet_balance
    ALTER COLUMN normal_side TYPE text,
    ALTER COLUMN status TYPE text,
    ALTER COLUMN debits_posted TYPE bigint,
    ALTER COLUMN credits_posted TYPE bigint,
    ALTER COLUMN debits_pending TYPE bigint,
    ALTER COLUMN credits_pending TYPE bigint,
    ADD CONSTRAINT wallet_balance_normal_side_is_known CHECK (normal_side IN ('debit', 'credit')),
    ADD CONSTRAINT wallet_balance_status_is_known CHECK (status IN ('active', 'frozen', 'closed')),
    ADD CONSTRAINT wallet_balance_counters_not_negative CHECK (
        debits_posted >= 0 AND credits_posted >= 0
        AND debits_pending >= 0 AND credits_pending >= 0
    );

DROP DOMAIN transfer_kind, transfer_status, failure_class, amount_minor, counter_minor, wallet_status,
    entry_side, saga_step_name, step_outcome, parked_reason, transfer_resolution;
