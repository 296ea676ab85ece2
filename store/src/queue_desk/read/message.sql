-- SQS's ids differ between queues; should they not, the one that is there counts.
SELECT *, extract(epoch FROM expires_at - now())::bigint AS expires_in_s
FROM dead_message
WHERE message_id = $1
ORDER BY status = 'present' DESC, last_seen_at DESC
LIMIT 1
