-- The next rows of the chain, by its primary key.
SELECT seq, event_id, type, transfer_id, received_at, body, prev_hash, hash
FROM event_audit
WHERE seq > $1
ORDER BY seq
LIMIT $2
