-- Appends a row and moves the head, which the caller has locked.
WITH appended AS (
    INSERT INTO operator_audit (seq, at, actor, action, subject, body, prev_hash, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)
UPDATE operator_audit_head SET seq = $1, hash = $8
