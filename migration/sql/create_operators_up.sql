-- Who may use the operator API. The token itself is shown once and never stored.
CREATE TABLE operator (
    name text PRIMARY KEY,
    role text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT operator_role_is_known CHECK (role IN ('viewer', 'operator', 'approver')),
    CONSTRAINT operator_name_is_short CHECK (length(name) BETWEEN 1 AND 64)
);
CREATE UNIQUE INDEX operator_token_hash_key ON operator (token_hash);
COMMENT ON COLUMN operator.token_hash IS 'SHA-256 of the token.';
COMMENT ON COLUMN operator.revoked_at IS 'Null while the token is good.';

-- What operators did, each row written in the transaction that did it. A chain: the hash
-- covers the stored bytes of body and the hash before it, so a row that was changed,
-- removed or put elsewhere shows.
CREATE TABLE operator_audit (
    seq bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT operator_audit_seq_is_positive CHECK (seq > 0)
);
CREATE INDEX operator_audit_subject_seq_idx ON operator_audit (subject, seq);
COMMENT ON COLUMN operator_audit.subject IS 'What was changed, such as transfer:<id>.';
COMMENT ON COLUMN operator_audit.body IS 'The whole act as JSON, byte for byte as it was hashed.';

-- The end of the chain: locked by whoever appends.
CREATE TABLE operator_audit_head (
    only_row boolean PRIMARY KEY DEFAULT true,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT operator_audit_head_is_one_row CHECK (only_row)
);
INSERT INTO operator_audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));
