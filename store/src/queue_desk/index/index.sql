-- One receive's messages, in the order of their ids so that no two writers deadlock.
-- What is known keeps its content, which never changes, and its first sight.
INSERT INTO dead_message AS d (
    message_id, queue, body, attributes, transfer_ids, event_ids, reason, fingerprint, source_arn,
    receive_count, sent_at, expires_at)
SELECT DISTINCT ON (f.message_id)
    f.message_id, $1, f.body, f.attributes,
    ARRAY(SELECT id::uuid FROM jsonb_array_elements_text(f.transfer_ids) AS id),
    ARRAY(SELECT id::uuid FROM jsonb_array_elements_text(f.event_ids) AS id),
    f.reason, f.fingerprint, f.source_arn, f.receive_count, f.sent_at,
    f.sent_at + make_interval(secs => $3::bigint)
FROM jsonb_to_recordset($2::jsonb) AS f (
    message_id text, body text, attributes jsonb, transfer_ids jsonb, event_ids jsonb, reason text,
    fingerprint text, source_arn text, receive_count integer, sent_at timestamptz)
ORDER BY f.message_id, f.receive_count DESC
ON CONFLICT (message_id, queue) DO UPDATE
SET receive_count = excluded.receive_count, expires_at = excluded.expires_at, last_seen_at = excluded.last_seen_at,
    status = CASE WHEN $4 THEN 'present' ELSE d.status END,
    closed_at = CASE WHEN $4 THEN NULL ELSE d.closed_at END
