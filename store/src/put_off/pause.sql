-- Gives a call back until the switch $4 is off; the step and the number of the call tell whether it is still the caller's.
UPDATE saga_open
SET call_count = call_count - 1, waiting_for = $4, due_at = now()
WHERE transfer_id = $1
    AND call_count = $2
    AND step = $3
    AND waiting_for = 'call'
    AND parked_reason IS NULL
