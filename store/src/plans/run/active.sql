SELECT id FROM redrive_plan
WHERE status = 'running' OR status <> 'draft' AND ended_count < dispatched_count
ORDER BY id
