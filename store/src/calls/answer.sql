-- The answer of the caller that has the lease; the step and the number of its call tell whether it does.
UPDATE saga_open
SET answer = $3, waiting_for = NULL, due_at = now(), swept_at = NULL,
    call_count = CASE WHEN $4 THEN call_count - 1 ELSE call_count END
WHERE transfer_id = $1
    AND call_count = $2
    AND step = $5
    AND waiting_for = 'call'
    AND parked_reason IS NULL
RETURNING due_at
