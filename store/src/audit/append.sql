-- Appends links to the chain and moves its head. The head is locked already.
WITH appended AS (
    INSERT INTO event_audit (seq, event_id, type, transfer_id, received_at, body, prev_hash, hash)
    SELECT l.seq, l.event_id, l.type, l.transfer_id, $5, l.body, l.prev_hash, l.hash
    FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::uuid[], $6::text[], $7::bytea[], $8::bytea[])
        AS l (seq, event_id, type, transfer_id, body, prev_hash, hash)
)
UPDATE event_audit_head SET seq = $9, hash = $10 WHERE only_row
