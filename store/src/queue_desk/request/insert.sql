-- Nothing when the same is open already, or the key was used.
INSERT INTO operator_command (id, kind, queue, arguments, requested_by, role, reason, idempotency_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING *
