-- Ends a running command. No row when it is no longer ours.
UPDATE operator_command
SET status = $3, detail = $4, finished_at = now(), heartbeat_at = now()
WHERE id = $1 AND taken_by = $2 AND status = 'running'
RETURNING *
