-- Those of these payouts of which something was told before anybody waited for it.
SELECT DISTINCT transfer_id
FROM provider_notice
WHERE transfer_id = ANY($1::uuid[]) AND applied_at IS NULL
