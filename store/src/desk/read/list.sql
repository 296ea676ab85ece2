-- Newest first; the id is a uuid v7, so its order is the order of time. The saga is named
-- in the payload, because a dead letter keeps the command as it was asked.
SELECT *
FROM dead_letter
WHERE ($1::text IS NULL OR status = $1)
    AND ($2::text IS NULL OR payload ->> 'kind' = $2)
    AND ($3::text IS NULL OR step = $3)
    AND ($4::text IS NULL OR failure_class = $4)
    AND ($5::text IS NULL OR fingerprint = $5)
    AND ($6::uuid IS NULL OR source_wallet_id = $6 OR destination_wallet_id = $6)
    AND ($7::text IS NULL OR reason = $7)
    AND ($8::timestamptz IS NULL OR opened_at >= $8)
    AND ($9::timestamptz IS NULL OR opened_at < $9)
    AND ($10::bigint IS NULL OR amount_minor >= $10)
    AND ($11::bigint IS NULL OR amount_minor <= $11)
    AND ($12::text IS NULL OR currency = $12)
    AND ($13::uuid IS NULL OR id < $13)
ORDER BY id DESC
LIMIT $14
