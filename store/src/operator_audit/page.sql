-- The rows behind a number, in order, with whether their columns say what their body says.
SELECT
    seq, body, prev_hash, hash,
    (body::jsonb ->> 'seq')::bigint = seq
        AND body::jsonb ->> 'actor' = actor
        AND body::jsonb ->> 'action' = action
        AND body::jsonb ->> 'subject' = subject
        AND (body::jsonb ->> 'at')::timestamptz = at AS columns_match
FROM operator_audit
WHERE seq > $1
ORDER BY seq
LIMIT $2
