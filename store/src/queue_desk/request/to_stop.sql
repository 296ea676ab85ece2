-- A command, locked, and whether nobody is at it: it was not begun, or its process gives no
-- sign of life and perhaps none ever will, as when its queue is not watched any more. A move
-- task goes on in SQS without a process, so its command waits for one that can cancel it.
SELECT
    *,
    status = 'queued'
        OR status = 'running' AND task_handle IS NULL
            AND (heartbeat_at IS NULL OR heartbeat_at < now() - make_interval(secs => $2)) AS idle
FROM operator_command
WHERE id = $1
FOR UPDATE
