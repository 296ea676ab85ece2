-- The index on received_at finds the old rows. 35 days, as the logs are kept. What a
-- saga may still need stays.
DELETE FROM provider_notice
WHERE (transfer_id, provider, status) IN (
    SELECT transfer_id, provider, status
    FROM provider_notice
    WHERE received_at < now() - interval '35 days' AND applied_at IS NOT NULL
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
