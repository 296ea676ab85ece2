-- One limit of a kind; another value keeps its id.
INSERT INTO transfer_limit (
    id, scope, subject, owner_id, currency, period, unit, value, reason, set_by, set_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (scope, subject, currency, period, unit) DO UPDATE
SET value = excluded.value,
    reason = excluded.reason,
    set_by = excluded.set_by,
    set_at = excluded.set_at
