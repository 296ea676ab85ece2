-- Each message once: what this command has closed already does not count again.
WITH redriven AS (
    UPDATE dead_message
    SET status = 'redriven', closed_at = now(), command_id = $1
    WHERE queue = $3 AND message_id = ANY ($4) AND command_id IS DISTINCT FROM $1
    RETURNING message_id
)
UPDATE operator_command
SET done_count = done_count + (SELECT count(*) FROM redriven), heartbeat_at = now()
WHERE id = $1 AND taken_by = $2 AND status = 'running'
RETURNING stop_requested_at IS NOT NULL
