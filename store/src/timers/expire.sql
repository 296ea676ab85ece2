-- Holds that are out of time. A row that a capture or a void has just now is left to it.
WITH late AS (
    SELECT transfer_id
    FROM saga_open
    WHERE waiting_for = 'capture' AND parked_reason IS NULL AND due_at <= now()
    ORDER BY due_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE saga_open AS o
SET answer = $2, waiting_for = NULL, due_at = now(), swept_at = NULL
FROM late
WHERE o.transfer_id = late.transfer_id
RETURNING o.transfer_id, o.due_at
