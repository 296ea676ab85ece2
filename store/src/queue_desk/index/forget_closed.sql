-- What left long ago; its events are in the log, and what was done to it is in the audit.
DELETE FROM dead_message
WHERE (message_id, queue) IN (
    SELECT message_id, queue
    FROM dead_message
    WHERE closed_at < now() - make_interval(secs => $1::bigint)
    LIMIT $2
)
