-- Overdue open rows that no keeper has given a new job for as long, taken by one keeper only.
-- due_at stays: it is the age that backpressure looks at. While the queue is paused, and until
-- its end is as long ago, nobody is overdue: their jobs wait where they are.
WITH overdue AS (
    SELECT transfer_id
    FROM saga_open
    WHERE due_at < now() - make_interval(secs => $1)
        AND (swept_at IS NULL OR swept_at < now() - make_interval(secs => $1))
        AND waiting_for IS NULL
        AND parked_reason IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM switch AS s
            WHERE s.kind = 'pause_queue' AND s.subject = 'saga'
                AND (s."on" OR s.changed_at > now() - make_interval(secs => $1))
        )
    ORDER BY due_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE saga_open AS o
SET swept_at = now()
FROM overdue
WHERE o.transfer_id = overdue.transfer_id
RETURNING o.transfer_id, o.swept_at
