-- Notes on each open row, before it is run apart, that its process may die of it. Locked in
-- id order, because another lane may mark some of the same rows.
UPDATE saga_open AS o
SET crash_count = o.crash_count + 1
FROM (
    SELECT transfer_id
    FROM saga_open
    WHERE transfer_id = ANY($1::uuid[])
    ORDER BY transfer_id
    FOR UPDATE
) AS locked
WHERE o.transfer_id = locked.transfer_id
