-- Newest first; the id is a uuid v7, so its order is the order of time.
SELECT *
FROM operator_command
WHERE ($1::text IS NULL OR queue = $1)
    AND ($2::text IS NULL OR status = $2)
    AND ($3::uuid IS NULL OR id < $3)
ORDER BY id DESC
LIMIT $4
