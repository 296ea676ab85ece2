-- Unparks sagas that the caller has locked, and closes their dead letters. In order of transfers, so that jobs keep it.
WITH going AS (
    SELECT *
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS c (dead_letter_id, transfer_id, step, undo_class, undo_code, undo_detail)
),
unparked AS (
    UPDATE saga_open AS o
    SET step = g.step, attempt = 0, crash_count = 0, due_at = now(), parked_reason = NULL,
        undo = g.undo_class IS NOT NULL, undo_class = g.undo_class, undo_code = g.undo_code,
        undo_detail = g.undo_detail
    FROM going AS g
    WHERE o.transfer_id = g.transfer_id
    RETURNING o.transfer_id, o.hold_minor, o.due_at
),
-- Joined to what was given, not to what was updated: so each is looked up by its id.
shown AS (
    UPDATE transfer AS t
    SET status = CASE WHEN t.hold_minor > 0 THEN 'held' ELSE 'accepted' END,
        failure_class = NULL, failure_code = NULL, failure_detail = NULL, updated_at = now()
    FROM going AS g
    WHERE t.id = g.transfer_id
),
closed AS (
    UPDATE dead_letter AS d
    SET status = $7, closed_at = now(), closed_by = $8, closed_reason = $9
    FROM going AS g
    WHERE d.id = g.dead_letter_id
)
SELECT transfer_id, due_at FROM unparked ORDER BY transfer_id
