-- What the index has, and what the queue had when it was last read.
SELECT
    (SELECT count(*) FROM dead_message WHERE queue = $1 AND status = 'present') AS present,
    looked_count,
    extract(epoch FROM now() - looked_at)::bigint AS looked_ago_s
FROM sqs_queue
WHERE name = $1
