-- Overdue open rows, taken by one sweeper only, with their clock set back to now so
-- that the next sweep leaves them alone for a while.
WITH overdue AS (
    SELECT transfer_id
    FROM saga_open
    WHERE due_at < now() - make_interval(secs => $1)
        AND waiting_for IS NULL
        AND parked_reason IS NULL
    ORDER BY due_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE saga_open AS o
SET due_at = now()
FROM overdue
WHERE o.transfer_id = overdue.transfer_id
RETURNING o.transfer_id, o.due_at
