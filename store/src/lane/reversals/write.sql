-- What reversals take back from now on.
UPDATE transfer_reversal AS r
SET reversed_minor = c.reversed_minor
FROM unnest($1::uuid[], $2::bigint[]) AS c (transfer_id, reversed_minor)
WHERE r.transfer_id = c.transfer_id
