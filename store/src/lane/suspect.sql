-- Notes on each open row, before it is run apart, that its process may die of it.
UPDATE saga_open SET crash_count = crash_count + 1 WHERE transfer_id = ANY($1::uuid[])
