SELECT status, count(*) AS count FROM redrive_item WHERE plan_id = $1 GROUP BY status
