-- Turns a switch, under the lock of the table.
INSERT INTO switch (kind, subject, "on", reason, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (kind, subject) DO UPDATE
SET "on" = excluded."on",
    reason = excluded.reason,
    changed_by = excluded.changed_by,
    changed_at = excluded.changed_at
RETURNING *
