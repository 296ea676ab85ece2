-- How transfers with this reference stand that were made since an instant. The bound on
-- ids, which hold the time of the intake, leaves out older partitions.
SELECT status, count(*) AS count
FROM transfer
WHERE id >= uuid_v7_floor($1) AND reference = $2
GROUP BY status
ORDER BY count(*) DESC, status
