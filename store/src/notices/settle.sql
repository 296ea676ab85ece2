-- The notices of these payouts have done their work, or there is none for them.
UPDATE provider_notice
SET applied_at = now()
WHERE transfer_id = ANY($1::uuid[]) AND applied_at IS NULL
