-- A new operator, or a new token for one there is.
INSERT INTO operator (name, role, token_hash)
VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE
SET role = excluded.role, token_hash = excluded.token_hash, created_at = now(), revoked_at = NULL
