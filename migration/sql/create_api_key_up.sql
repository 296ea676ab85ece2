-- Keys of machines for the customers' address. The secret is shown once and never stored.
CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    owner_id text,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    last_used_at timestamptz,
    CONSTRAINT api_key_name_is_short CHECK (length(name) BETWEEN 1 AND 64),
    CONSTRAINT api_key_secret_hash_is_sha256 CHECK (length(secret_hash) = 32),
    CONSTRAINT api_key_scopes_are_known CHECK (
        cardinality(scopes) > 0
        AND scopes <@ ARRAY['wallet:read', 'wallet:write', 'wallet:deposit', 'wallet:admin']),
    -- One that acts for an owner is a customer, who neither brings money in nor acts for others.
    CONSTRAINT api_key_of_owner_is_a_customers
        CHECK (owner_id IS NULL OR NOT scopes && ARRAY['wallet:deposit', 'wallet:admin']),
    CONSTRAINT api_key_expires_later CHECK (expires_at > created_at),
    CONSTRAINT api_key_revoked_by_somebody CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
-- A request that is sent again makes no second key, and a list has no two of the same name that are good.
CREATE UNIQUE INDEX api_key_name_key ON api_key (name) WHERE revoked_at IS NULL;
COMMENT ON COLUMN api_key.secret_hash IS
    'SHA-256 of the secret, which has 256 random bits: nobody can try them out, so no slow hash is needed.';
COMMENT ON COLUMN api_key.owner_id IS 'The one owner that it acts for; null when it acts for all of them.';
COMMENT ON COLUMN api_key.last_used_at IS 'To the minute; null before the first use.';
