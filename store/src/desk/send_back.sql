-- Unparks a saga that the caller has locked, and closes its dead letter.
WITH unparked AS (
    UPDATE saga_open
    SET step = $3, attempt = 0, crash_count = 0, due_at = now(), parked_reason = NULL,
        undo = $4::text IS NOT NULL, undo_class = $4, undo_code = $5, undo_detail = $6
    WHERE transfer_id = $2
    RETURNING transfer_id, hold_minor, due_at
),
shown AS (
    UPDATE transfer AS t
    SET status = CASE WHEN u.hold_minor > 0 THEN 'held' ELSE 'accepted' END,
        failure_class = NULL, failure_code = NULL, failure_detail = NULL, updated_at = now()
    FROM unparked AS u
    WHERE t.id = u.transfer_id AND t.id = $2
),
closed AS (
    UPDATE dead_letter
    SET status = $7, closed_at = now(), closed_by = $8, closed_reason = $9
    WHERE id = $1
)
SELECT due_at FROM unparked
