-- The answer of the caller that holds the lease.
UPDATE saga_open
SET answer = $3, waiting_for = NULL, due_at = now(), swept_at = NULL
WHERE transfer_id = $1 AND waiting_for = 'call' AND call_count = $2 AND parked_reason IS NULL
RETURNING due_at
