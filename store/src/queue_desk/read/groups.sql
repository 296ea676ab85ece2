-- What is in the dead-letter queues, by cause.
SELECT
    queue, fingerprint, min(reason) AS reason, count(*) AS count, min(sent_at) AS oldest_sent_at,
    min(expires_at) AS first_expires_at, extract(epoch FROM min(expires_at) - now())::bigint AS first_expires_in_s
FROM dead_message
WHERE status = 'present'
GROUP BY queue, fingerprint
ORDER BY count(*) DESC, queue, fingerprint
