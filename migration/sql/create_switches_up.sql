-- What operators have stopped or started: read by every process twice a second. A switch
-- without a row has its default: pauses and maintenance are off, flags are on.
CREATE TABLE switch (
    kind text NOT NULL,
    subject text NOT NULL,
    "on" boolean NOT NULL,
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT switch_pkey PRIMARY KEY (kind, subject),
    CONSTRAINT switch_kind_is_known
        CHECK (kind IN ('maintenance', 'pause_saga', 'pause_step', 'pause_queue', 'flag')),
    CONSTRAINT switch_maintenance_has_no_subject CHECK ((kind = 'maintenance') = (subject = ''))
);
COMMENT ON COLUMN switch.subject IS 'What of its kind it is about; empty for maintenance.';
COMMENT ON COLUMN switch.changed_at IS 'When it was last turned; setting it to what it was changes nothing.';

-- Transfers that wait for something outside, by what they wait for: whoever ends the wait
-- finds them here.
CREATE INDEX saga_open_waiting_for_transfer_id_idx ON saga_open (waiting_for, transfer_id)
    WHERE waiting_for IS NOT NULL;
-- Parked ones, for those who count them.
CREATE INDEX saga_open_parked_reason_idx ON saga_open (parked_reason)
    WHERE parked_reason IS NOT NULL;

-- Jobs in hand: a handful, which the keeper looks through each second.
CREATE INDEX jobs_lock_at_idx ON apalis.jobs (lock_at) WHERE status IN ('Queued', 'Running');

-- apalis's own statement, with one condition more: a paused queue gives out nothing. Here and
-- not in the workers, because a worker that stops asking would keep the jobs that it has
-- fetched but not begun, and because it holds from the commit on, in every process.
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
