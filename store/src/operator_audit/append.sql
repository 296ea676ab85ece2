-- Appends rows and moves the head, which the caller has locked.
WITH appended AS (
    INSERT INTO operator_audit (seq, at, actor, action, subject, body, prev_hash, hash)
    SELECT c.seq, $1, c.actor, c.action, c.subject, c.body, c.prev_hash, c.hash
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])
        AS c (seq, actor, action, subject, body, prev_hash, hash)
)
UPDATE operator_audit_head SET seq = $9, hash = $10
