-- Which event a consumer has dealt with. Written in the transaction of its work, so that
-- an event that comes again does nothing. Kept 30 days, longer than any queue keeps a message.
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id),
    CONSTRAINT inbox_consumer_is_known CHECK (consumer IN ('audit', 'metrics'))
) WITH (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05
);
-- For the purge: rows arrive in order of time, so a few pages of index tell where the old ones are.
CREATE INDEX inbox_handled_at_idx ON inbox USING brin (handled_at) WITH (autosummarize = on);
COMMENT ON COLUMN inbox.handled_at IS 'Begin of the transaction that dealt with it; the row goes 30 days later.';

-- Every event that reached the audit consumer, in order of arrival, each row's hash
-- covering the row before it. Append-only.
CREATE TABLE event_audit (
    seq bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    transfer_id uuid,
    received_at timestamptz NOT NULL,
    body text NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT event_audit_pkey PRIMARY KEY (seq),
    -- Also finds an event that is sent again after its inbox row has gone.
    CONSTRAINT event_audit_event_id_key UNIQUE (event_id),
    CONSTRAINT event_audit_seq_is_positive CHECK (seq > 0),
    CONSTRAINT event_audit_hashes_are_sha256 CHECK (octet_length(prev_hash) = 32 AND octet_length(hash) = 32)
);
COMMENT ON COLUMN event_audit.seq IS 'Order of arrival from 1, without a gap.';
COMMENT ON COLUMN event_audit.transfer_id IS 'What it is about; null when it is about a wallet.';
COMMENT ON COLUMN event_audit.received_at IS 'Clock of the database under the lock of the chain; one value for a batch.';
COMMENT ON COLUMN event_audit.body IS 'The JSON envelope, byte for byte as it was received.';
COMMENT ON COLUMN event_audit.prev_hash IS 'Hash of the row before; 32 zero bytes in the first.';
COMMENT ON COLUMN event_audit.hash IS 'SHA-256 over prev_hash and every other column of the row.';

-- The end of the chain: one row, locked once for each batch that is appended.
CREATE TABLE event_audit_head (
    only_row boolean NOT NULL DEFAULT true,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT event_audit_head_pkey PRIMARY KEY (only_row),
    CONSTRAINT event_audit_head_has_one_row CHECK (only_row),
    CONSTRAINT event_audit_head_seq_not_negative CHECK (seq >= 0),
    CONSTRAINT event_audit_head_hash_is_sha256 CHECK (octet_length(hash) = 32)
) WITH (fillfactor = 10);
INSERT INTO event_audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));
COMMENT ON COLUMN event_audit_head.seq IS 'Of the newest row of event_audit; 0 while it is empty.';
COMMENT ON COLUMN event_audit_head.hash IS 'Of the newest row of event_audit; 32 zero bytes while it is empty.';

-- Business figures: how many transfers came to which status in a minute, and how much money that was.
CREATE TABLE business_minute (
    minute timestamptz NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    transfer_count bigint NOT NULL,
    amount_minor numeric NOT NULL,
    CONSTRAINT business_minute_pkey PRIMARY KEY (minute, status, currency),
    CONSTRAINT business_minute_status_is_known CHECK (status IN ('settled', 'rejected', 'failed', 'stuck')),
    CONSTRAINT business_minute_currency_is_three_capitals CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT business_minute_counts_something CHECK (transfer_count > 0 AND amount_minor > 0),
    CONSTRAINT business_minute_amount_is_whole CHECK (amount_minor = trunc(amount_minor)),
    CONSTRAINT business_minute_is_a_minute CHECK (minute = date_trunc('minute', minute, 'UTC'))
) WITH (fillfactor = 50);
COMMENT ON COLUMN business_minute.minute IS 'Begin of the minute of the events, by the clock of the database that wrote them.';
COMMENT ON COLUMN business_minute.status IS 'What the events told of. A stuck transfer that settles later counts in both.';
COMMENT ON COLUMN business_minute.amount_minor IS 'Sum in minor units; numeric, because a sum may pass 64 bits.';
