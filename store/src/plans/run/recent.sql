-- The newest outcomes of this run.
SELECT status, outlook
FROM redrive_item
WHERE plan_id = $1 AND status NOT IN ('planned', 'skipped', 'dispatched') AND ended_at >= $2
ORDER BY ended_at DESC
LIMIT $3
