-- Due now: what waits for its time alone, or for news that is asked for when it is due.
UPDATE saga_open
SET due_at = now()
WHERE transfer_id = $1
    AND due_at > now()
    AND (waiting_for IS NULL OR waiting_for NOT IN ('call', 'capture', 'review'))
RETURNING due_at
