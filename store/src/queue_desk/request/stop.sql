-- Ends at once what nobody is at; what runs is asked to end.
UPDATE operator_command
SET stop_requested_at = coalesce(stop_requested_at, now()),
    status = CASE WHEN $2 THEN 'stopped' ELSE status END,
    finished_at = CASE WHEN $2 THEN now() END
WHERE id = $1
RETURNING *
