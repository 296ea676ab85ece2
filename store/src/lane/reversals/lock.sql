-- What reversals take back of these transfers, under the locks, in id order. A statement of its
-- own: one that also inserts would not see what another lane has committed meanwhile.
SELECT transfer_id, reversed_minor::bigint AS reversed_minor
FROM transfer_reversal
WHERE transfer_id = ANY($1::uuid[])
ORDER BY transfer_id
FOR UPDATE
