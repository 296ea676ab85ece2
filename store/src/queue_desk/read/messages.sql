-- Without bodies, which may be large.
SELECT
    message_id, queue, attributes, transfer_ids, event_ids, reason, fingerprint, source_arn, receive_count,
    sent_at, expires_at, extract(epoch FROM expires_at - now())::bigint AS expires_in_s,
    first_seen_at, last_seen_at, status, closed_at, command_id
FROM dead_message
WHERE ($1::text IS NULL OR queue = $1)
    AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR reason = $3)
    AND ($4::text IS NULL OR fingerprint = $4)
    AND ($5::uuid IS NULL OR transfer_ids @> ARRAY[$5])
    AND ($6::timestamptz IS NULL OR (first_seen_at, message_id) < ($6, $7))
ORDER BY first_seen_at DESC, message_id DESC
LIMIT $8
