-- An answer for a transfer that waits for it. Where a call is under way, its own answer comes too late then.
UPDATE saga_open
SET answer = $3, waiting_for = NULL, due_at = now(), swept_at = NULL
WHERE transfer_id = $1 AND waiting_for = ANY($2::text[]) AND parked_reason IS NULL
RETURNING due_at
