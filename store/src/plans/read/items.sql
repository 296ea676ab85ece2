-- Items with what decides about the steps of their sagas. One whose transfer is in the archive has neither.
SELECT i.*, t.kind, t.terms
FROM redrive_item AS i
LEFT JOIN transfer AS t ON t.id = i.transfer_id
WHERE i.plan_id = $1
    AND ($2::text IS NULL OR i.status = $2)
    AND ($3::text IS NULL OR outlook = $3)
    AND position > $4
ORDER BY position
LIMIT $5
