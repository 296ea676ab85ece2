-- Adds a batch's sums to the figures. In the order of the primary key, in which every
-- batch comes: in any other, two batches could deadlock. Sums come as text, since they
-- may pass 64 bits.
INSERT INTO business_minute AS b (minute, status, currency, transfer_count, amount_minor)
SELECT s.minute, s.status, s.currency, s.transfer_count, s.amount_minor::numeric
FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[], $5::text[])
    AS s (minute, status, currency, transfer_count, amount_minor)
ORDER BY s.minute, s.status COLLATE "C", s.currency COLLATE "C"
ON CONFLICT (minute, status, currency) DO UPDATE
SET transfer_count = b.transfer_count + excluded.transfer_count,
    amount_minor = b.amount_minor + excluded.amount_minor
