-- What is set for an owner, under the owner's advisory lock and the locks of its limited wallets.
INSERT INTO owner_setting (owner_id, time_zone, reason, changed_by, changed_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (owner_id) DO UPDATE
SET time_zone = excluded.time_zone,
    reason = excluded.reason,
    changed_by = excluded.changed_by,
    changed_at = excluded.changed_at
RETURNING *
