-- Runnable open rows in order of age, counted no further than the limit. Bulk work is counted for
-- itself: it waits behind the rest, so its age and number do not say how the rest stands.
WITH runnable AS (
    SELECT due_at, bulk
    FROM saga_open
    WHERE due_at <= now() AND waiting_for IS NULL AND parked_reason IS NULL
    ORDER BY due_at
    LIMIT $1
)
-- What a pause of the queue made old is no sign that too much comes in: age counts again when
-- the pause has been over for as long.
SELECT
    count(*) FILTER (WHERE NOT bulk),
    count(*) FILTER (WHERE NOT bulk AND due_at < now() - make_interval(secs => $2) AND NOT EXISTS (
        SELECT 1 FROM switch AS s
        WHERE s.kind = 'pause_queue' AND s.subject = 'saga'
            AND (s."on" OR s.changed_at > now() - make_interval(secs => $2))
    )),
    count(*) FILTER (WHERE bulk)
FROM runnable
