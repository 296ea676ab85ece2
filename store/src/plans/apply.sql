UPDATE redrive_plan
SET status = 'running', applied_by = $2, applied_role = $3, applied_reason = $4, applied_at = now(),
    canary_count = $5, rate_per_second = $6, failure_percent_max = $7, running_since = clock_timestamp()
WHERE id = $1 AND status = 'draft'
