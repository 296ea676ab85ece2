-- The open rows of a job whose process died, the least suspect first, with whether each may
-- run now: one that only waits must not be marked. Asked in the output for the reason that
-- claim.sql gives.
SELECT
    transfer_id, crash_count,
    due_at <= clock_timestamp() AND waiting_for IS NULL AND parked_reason IS NULL AS runnable
FROM saga_open
WHERE transfer_id = ANY($1::uuid[])
ORDER BY crash_count, transfer_id
