-- One row for each who agrees.
INSERT INTO approval (id, subject, hash, approved_by, approved_role, reason)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (subject, hash, approved_by) DO NOTHING
