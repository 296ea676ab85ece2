-- Runnable open rows in order of age, counted no further than the limit.
WITH runnable AS (
    SELECT due_at
    FROM saga_open
    WHERE due_at <= now() AND waiting_for IS NULL AND parked_reason IS NULL
    ORDER BY due_at
    LIMIT $1
)
SELECT
    count(*),
    coalesce(floor(extract(epoch FROM now() - min(due_at)) * 1000), 0)::bigint
FROM runnable
