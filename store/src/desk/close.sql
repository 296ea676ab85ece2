-- Closes the dead letter of a saga that the caller has locked and ended.
UPDATE dead_letter
SET status = $2, closed_at = now(), closed_by = $3, closed_reason = $4, evidence = $5
WHERE id = $1 AND status = 'open'
