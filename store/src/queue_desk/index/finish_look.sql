-- A whole look that did not see a message is proof that it is no longer there.
WITH gone AS (
    UPDATE dead_message
    SET status = 'gone', closed_at = now()
    WHERE queue = $1 AND status = 'present' AND last_seen_at < $2 AND $4
    RETURNING message_id
),
noted AS (
    UPDATE sqs_queue SET looked_count = $3, looked_at = now() WHERE name = $1
)
SELECT count(*) FROM gone
