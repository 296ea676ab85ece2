-- Newest first; the id is a uuid v7, so its order is the order of time.
SELECT *
FROM dead_letter
WHERE ($1::text IS NULL OR status = $1)
    AND ($2::text IS NULL OR fingerprint = $2)
    AND ($3::uuid IS NULL OR source_wallet_id = $3 OR destination_wallet_id = $3)
    AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5
