-- The same without a lock; one that nobody has reversed yet is not there.
SELECT transfer_id, reversed_minor::bigint AS reversed_minor
FROM transfer_reversal
WHERE transfer_id = ANY($1::uuid[])
