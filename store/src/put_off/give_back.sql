-- Gives a call back; the step and the number of the call tell whether it is still the caller's.
UPDATE saga_open
SET call_count = call_count - 1, due_at = now() + make_interval(secs => $3)
WHERE transfer_id = $1
    AND call_count = $2
    AND step = $4
    AND waiting_for = 'call'
    AND parked_reason IS NULL
RETURNING due_at
