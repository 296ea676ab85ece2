-- Free for the next one at once, with what is not finished.
WITH free AS (
    UPDATE sqs_queue SET leased_by = NULL, leased_until = NULL WHERE name = $1 AND leased_by = $2
)
UPDATE operator_command
SET taken_by = NULL, heartbeat_at = NULL
WHERE queue = $1 AND status = 'running' AND taken_by = $2
