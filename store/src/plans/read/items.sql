SELECT * FROM redrive_item
WHERE plan_id = $1
    AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR outlook = $3)
    AND position > $4
ORDER BY position
LIMIT $5
