-- How many events wait, counted no further than the limit, and the oldest of them.
SELECT
    (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT $1) AS counted) AS row_count,
    (SELECT event_id FROM outbox ORDER BY event_id LIMIT 1) AS oldest
