-- A row for each transfer that is reversed for the first time. In id order, like the locks.
INSERT INTO transfer_reversal (transfer_id, moved_minor)
SELECT transfer_id, moved_minor
FROM unnest($1::uuid[], $2::bigint[]) AS reversed (transfer_id, moved_minor)
ORDER BY transfer_id
ON CONFLICT (transfer_id) DO NOTHING
