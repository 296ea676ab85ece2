-- A new key. Nothing when a good one has its name: the index decides between two requests.
INSERT INTO api_key (id, name, secret_hash, scopes, owner_id, reason, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
RETURNING *
