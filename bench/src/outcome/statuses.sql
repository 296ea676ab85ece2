-- How the transfers stand that were begun at $1 or later.
SELECT status, count(*) AS transfers
FROM transfer
WHERE id >= uuid_v7_floor($1)
GROUP BY status
