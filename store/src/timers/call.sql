-- Payouts whose provider has said nothing for long enough to be asked, and calls that have been due for
-- so long that their job was lost or their caller has died.
-- Jobs are taken in the order of their times, and the job of a call is no younger than its row is due,
-- or was swept. So while there is an older job, the row's own may be behind it: where many wait, to
-- give each of them one job after the other would bury the queue.
WITH ahead AS (
    SELECT coalesce(min(run_at), 'infinity') AS min_run_at
    FROM apalis.jobs
    WHERE job_type = 'wallet-call' AND status IN ('Pending', 'Queued', 'Running')
),
unheard AS (
    SELECT transfer_id
    FROM saga_open
    WHERE waiting_for = 'confirmation' AND parked_reason IS NULL AND due_at <= now()
    ORDER BY due_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
),
unmade AS (
    SELECT transfer_id
    FROM saga_open
    WHERE waiting_for = 'call' AND parked_reason IS NULL
        AND due_at < now() - make_interval(secs => $2)
        AND (swept_at IS NULL OR swept_at < now() - make_interval(secs => $2))
        AND greatest(due_at, swept_at) < (SELECT min_run_at FROM ahead)
    ORDER BY due_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
),
late AS (
    SELECT transfer_id FROM unheard UNION ALL SELECT transfer_id FROM unmade
)
UPDATE saga_open AS o
SET waiting_for = 'call',
    swept_at = now(),
    due_at = CASE o.waiting_for WHEN 'call' THEN o.due_at ELSE now() END
FROM late
WHERE o.transfer_id = late.transfer_id
RETURNING o.transfer_id
