-- A CHECK of a table is parsed from its stored text again by every statement that writes
-- the table, once for each partition; a list of words is the longest of such texts. A
-- domain's is parsed once a session. The rules and their names stay; only rules that
-- compare columns remain with their tables. See docs/decisions/0017.
CREATE DOMAIN transfer_kind AS text
    CONSTRAINT transfer_kind_is_known CHECK (VALUE IN ('transfer', 'deposit'));
CREATE DOMAIN transfer_status AS text
    CONSTRAINT transfer_status_is_known CHECK (VALUE IN (
        'accepted', 'held', 'settled', 'rejected', 'failed', 'stuck', 'voided', 'expired'));
CREATE DOMAIN failure_class AS text
    CONSTRAINT failure_class_is_known CHECK (VALUE IN ('rejected', 'transient', 'permanent', 'unknown'));
-- What JSON readers take for a whole number, too.
CREATE DOMAIN amount_minor AS bigint
    CONSTRAINT amount_minor_within_range CHECK (VALUE BETWEEN 1 AND 9007199254740991);
CREATE DOMAIN counter_minor AS bigint
    CONSTRAINT counter_minor_not_negative CHECK (VALUE >= 0);
CREATE DOMAIN wallet_status AS text
    CONSTRAINT wallet_status_is_known CHECK (VALUE IN ('active', 'frozen', 'closed'));
CREATE DOMAIN entry_side AS text
    CONSTRAINT entry_side_is_known CHECK (VALUE IN ('debit', 'credit'));
CREATE DOMAIN saga_step_name AS text
    CONSTRAINT saga_step_name_is_known CHECK (VALUE IN ('place_hold', 'screen', 'post_entry'));
CREATE DOMAIN step_outcome AS text
    CONSTRAINT step_outcome_is_known
        CHECK (VALUE IN ('succeeded', 'rejected', 'transient', 'permanent', 'unknown'));
CREATE DOMAIN parked_reason AS text
    CONSTRAINT parked_reason_is_known CHECK (VALUE IN (
        'attempts_used_up', 'outcome_unknown', 'compensation_failed', 'kills_its_worker',
        'broken_invariant', 'parked_by_operator'));
CREATE DOMAIN transfer_resolution AS text
    CONSTRAINT transfer_resolution_is_known CHECK (VALUE IN ('settled_outside', 'failed_outside', 'discarded'));

ALTER TABLE wallet_balance
    DROP CONSTRAINT wallet_balance_normal_side_is_known,
    DROP CONSTRAINT wallet_balance_status_is_known,
    DROP CONSTRAINT wallet_balance_counters_not_negative,
    ALTER COLUMN normal_side TYPE entry_side,
    ALTER COLUMN status TYPE wallet_status,
    ALTER COLUMN debits_posted TYPE counter_minor,
    ALTER COLUMN credits_posted TYPE counter_minor,
    ALTER COLUMN debits_pending TYPE counter_minor,
    ALTER COLUMN credits_pending TYPE counter_minor;

ALTER TABLE transfer
    DROP CONSTRAINT transfer_kind_is_known,
    DROP CONSTRAINT transfer_status_is_known,
    DROP CONSTRAINT transfer_amount_within_range,
    DROP CONSTRAINT transfer_failure_class_is_known,
    DROP CONSTRAINT transfer_resolution_is_known,
    ALTER COLUMN kind TYPE transfer_kind,
    ALTER COLUMN status TYPE transfer_status,
    ALTER COLUMN amount_minor TYPE amount_minor,
    ALTER COLUMN failure_class TYPE failure_class,
    ALTER COLUMN resolution TYPE transfer_resolution;

ALTER TABLE saga_open
    DROP CONSTRAINT saga_open_step_is_known,
    DROP CONSTRAINT saga_open_hold_not_negative,
    DROP CONSTRAINT saga_open_parked_reason_is_known,
    ALTER COLUMN kind TYPE transfer_kind,
    ALTER COLUMN step TYPE saga_step_name,
    ALTER COLUMN undo_class TYPE failure_class,
    ALTER COLUMN hold_minor TYPE counter_minor,
    ALTER COLUMN parked_reason TYPE parked_reason;

ALTER TABLE saga_step
    DROP CONSTRAINT saga_step_outcome_is_known,
    ALTER COLUMN outcome TYPE step_outcome;

ALTER TABLE posting
    DROP CONSTRAINT posting_side_is_known,
    DROP CONSTRAINT posting_amount_is_positive,
    ALTER COLUMN side TYPE entry_side,
    ALTER COLUMN amount_minor TYPE amount_minor;

-- The same statement, planned once a session instead of at every call.
CREATE OR REPLACE FUNCTION apalis.get_jobs(
    worker_id text,
    v_job_type text,
    v_job_count integer DEFAULT 5
)
RETURNS SETOF apalis.jobs
LANGUAGE plpgsql
VOLATILE
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    WITH free AS (
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
    UPDATE apalis.jobs AS taken
    SET status = 'Queued', lock_by = worker_id, lock_at = now()
    FROM free
    WHERE taken.id = free.id
    RETURNING taken.*;
END
$$;
