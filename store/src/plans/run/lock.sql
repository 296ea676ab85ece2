-- One plan that needs somebody, unless another process has it just now.
SELECT *, (extract(epoch FROM clock_timestamp() - ramp_since) * 1000)::bigint AS ramp_ms
FROM redrive_plan
WHERE id = $1 AND (status = 'running' OR status <> 'draft' AND ended_count < dispatched_count)
FOR UPDATE SKIP LOCKED
