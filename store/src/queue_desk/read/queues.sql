-- Every watched queue with what the index has of it.
SELECT q.*, coalesce(d.present_count, 0) AS present_count, d.first_expires_at
FROM sqs_queue AS q
LEFT JOIN (
    SELECT queue, count(*) AS present_count, min(expires_at) AS first_expires_at
    FROM dead_message
    WHERE status = 'present'
    GROUP BY queue
) AS d ON d.queue = q.name
ORDER BY q.name
