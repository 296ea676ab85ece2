-- Those that only wait for their time; the caller has locked them.
UPDATE saga_open
SET due_at = now()
WHERE transfer_id = ANY($1::uuid[])
    AND due_at > now()
    AND waiting_for IS NULL
    AND parked_reason IS NULL
