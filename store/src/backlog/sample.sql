-- Runnable open rows in order of age, counted no further than the limit.
WITH runnable AS (
    SELECT due_at
    FROM saga_open
    WHERE due_at <= now() AND waiting_for IS NULL AND parked_reason IS NULL
    ORDER BY due_at
    LIMIT $1
)
SELECT count(*), count(*) FILTER (WHERE due_at < now() - make_interval(secs => $2))
FROM runnable
