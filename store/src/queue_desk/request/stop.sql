-- What nobody has begun ends at once.
UPDATE operator_command
SET stop_requested_at = now(),
    status = CASE status WHEN 'queued' THEN 'stopped' ELSE status END,
    finished_at = CASE status WHEN 'queued' THEN now() END
WHERE id = $1
RETURNING *
