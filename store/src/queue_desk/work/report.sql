-- How a running command goes. No row when it is no longer ours.
UPDATE operator_command
SET done_count = greatest(done_count, coalesce($3, done_count)), total_count = coalesce($4, total_count),
    detail = coalesce($5, detail), task_handle = coalesce($6, task_handle), heartbeat_at = now()
WHERE id = $1 AND taken_by = $2 AND status = 'running'
RETURNING stop_requested_at IS NOT NULL
