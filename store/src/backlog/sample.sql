-- Runnable open rows in order of age, counted no further than the limit.
WITH runnable AS (
    SELECT due_at
    FROM saga_open
    WHERE due_at <= now() AND waiting_for IS NULL AND parked_reason IS NULL
    ORDER BY due_at
    LIMIT $1
)
-- What a pause of the queue made old is no sign that too much comes in: age counts again when
-- the pause has been over for as long.
SELECT
    count(*),
    count(*) FILTER (WHERE due_at < now() - make_interval(secs => $2) AND NOT EXISTS (
        SELECT 1 FROM switch AS s
        WHERE s.kind = 'pause_queue' AND s.subject = 'saga'
            AND (s."on" OR s.changed_at > now() - make_interval(secs => $2))
    ))
FROM runnable
