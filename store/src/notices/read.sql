-- What was told of these payouts, those of each together.
SELECT transfer_id, provider, status, reference, code, detail
FROM provider_notice
WHERE transfer_id = ANY($1::uuid[])
ORDER BY transfer_id, received_at
