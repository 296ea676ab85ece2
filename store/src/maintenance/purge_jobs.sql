-- Finished jobs slow down apalis's fetch and ack, so they do not stay. A job that apalis
-- gave up on goes too: its transfers are in saga_open, where the sweeper finds them.
DELETE FROM apalis.jobs
WHERE id IN (
    SELECT id
    FROM apalis.jobs
    WHERE status IN ('Done', 'Killed', 'Failed')
        AND (status <> 'Failed' OR attempts >= max_attempts)
        AND done_at < now() - make_interval(secs => $1)
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
