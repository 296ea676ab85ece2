-- The open rows of a job whose process died, the least suspect first.
SELECT transfer_id, crash_count
FROM saga_open
WHERE transfer_id = ANY($1::uuid[]) AND waiting_for IS NULL AND parked_reason IS NULL
ORDER BY crash_count, transfer_id
