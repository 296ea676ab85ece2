-- The index on created_at finds the old end of each partition.
DELETE FROM idempotency_key
WHERE key_hash IN (
    SELECT key_hash
    FROM idempotency_key
    WHERE created_at < now() - interval '30 days'
    ORDER BY created_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
