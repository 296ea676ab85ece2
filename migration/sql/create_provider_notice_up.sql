-- What payout providers told by themselves. Written before anything is made of it, so that
-- a notice that comes before its time waits here for the saga.
CREATE TABLE provider_notice (
    transfer_id uuid NOT NULL,
    provider text NOT NULL,
    status text NOT NULL,
    reference text NOT NULL,
    code text,
    detail text,
    received_at timestamptz NOT NULL DEFAULT now(),
    raw text NOT NULL,
    applied_at timestamptz,
    -- The same notice again is the same row. One that says something else is another row.
    CONSTRAINT provider_notice_pkey PRIMARY KEY (transfer_id, provider, status),
    CONSTRAINT provider_notice_status_is_known CHECK (status IN ('paid', 'declined')),
    CONSTRAINT provider_notice_names_a_payout CHECK (reference <> '' AND provider <> '')
);
-- What is still of use to a saga: few rows at any time.
CREATE INDEX provider_notice_transfer_id_idx ON provider_notice (transfer_id)
    WHERE applied_at IS NULL;
-- For the purge: rows arrive in order of time.
CREATE INDEX provider_notice_received_at_idx ON provider_notice
    USING brin (received_at) WITH (autosummarize = on);
COMMENT ON COLUMN provider_notice.provider IS 'Name of the provider in the path that it was sent to.';
COMMENT ON COLUMN provider_notice.reference IS 'The provider''s own id of the payout.';
COMMENT ON COLUMN provider_notice.code IS 'Why it was declined, for programs; null when none was given.';
COMMENT ON COLUMN provider_notice.raw IS 'The body that was signed, byte for byte.';
COMMENT ON COLUMN provider_notice.applied_at IS
    'When the saga got it, or was found to be at its end; null while it may still be of use.';
