-- The command of this key, else the open one that is the same.
SELECT *, idempotency_key IS NOT DISTINCT FROM $2 AND $2::text IS NOT NULL AND requested_by = $1 AS by_key
FROM operator_command
WHERE requested_by = $1 AND idempotency_key = $2
    OR status IN ('queued', 'running') AND kind = $3 AND queue = $4 AND arguments = $5
ORDER BY by_key DESC
LIMIT 1
