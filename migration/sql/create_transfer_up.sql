-- What customers asked, and how it ended. Range-partitioned by its own uuid v7, so
-- that the primary key is global. No foreign keys on hot tables (they cost more
-- than half of the statement); the ledger check proves what they would.
CREATE TABLE transfer (
    id uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL DEFAULT 'accepted',
    caller text NOT NULL,
    source_wallet_id uuid,
    destination_wallet_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    reference text,
    metadata jsonb,
    hold_minor bigint,
    hold_expires_at timestamptz,
    entry_id uuid,
    failure_class text,
    failure_code text,
    failure_detail text,
    resolution text,
    correlation_id text,
    traceparent text,
    reverses_id uuid,
    retries_id uuid,
    saga_version smallint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT transfer_pkey PRIMARY KEY (id),
    CONSTRAINT transfer_kind_is_known CHECK (kind IN ('transfer', 'deposit')),
    CONSTRAINT transfer_status_is_known CHECK (status IN (
        'accepted', 'held', 'settled', 'rejected', 'failed', 'stuck', 'voided', 'expired')),
    CONSTRAINT transfer_amount_within_range CHECK (amount_minor BETWEEN 1 AND 9007199254740991),
    CONSTRAINT transfer_ends_differ CHECK (source_wallet_id <> destination_wallet_id),
    CONSTRAINT transfer_customer_has_source CHECK (kind <> 'transfer' OR source_wallet_id IS NOT NULL),
    CONSTRAINT transfer_settled_has_entry
        CHECK (status <> 'settled' OR entry_id IS NOT NULL OR resolution IS NOT NULL),
    CONSTRAINT transfer_bad_end_has_failure
        CHECK (status NOT IN ('rejected', 'failed', 'stuck') OR failure_code IS NOT NULL),
    CONSTRAINT transfer_failure_class_is_known
        CHECK (failure_class IN ('rejected', 'transient', 'permanent', 'unknown'))
) PARTITION BY RANGE (id);
CREATE INDEX transfer_source_wallet_id_id_idx ON transfer (source_wallet_id, id);
CREATE INDEX transfer_destination_wallet_id_id_idx ON transfer (destination_wallet_id, id);
COMMENT ON COLUMN transfer.source_wallet_id IS
    'Null for a deposit until a lane has chosen its own shard of the cash wallet.';
COMMENT ON COLUMN transfer.hold_minor IS
    'What a hold reserves between two transactions; null while none does.';
COMMENT ON COLUMN transfer.entry_id IS 'The journal entry; null until settled.';
COMMENT ON COLUMN transfer.resolution IS 'How a person resolved it outside; null otherwise.';
COMMENT ON COLUMN transfer.reverses_id IS 'The transfer whose entry this one reverses.';
COMMENT ON COLUMN transfer.retries_id IS 'The failed transfer that this one tries again.';

-- More than one source, destination or currency; a plain transfer has no legs.
CREATE TABLE transfer_leg (
    transfer_id uuid NOT NULL,
    leg smallint NOT NULL,
    purpose text NOT NULL,
    wallet_id uuid NOT NULL,
    side text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    PRIMARY KEY (transfer_id, leg),
    CONSTRAINT transfer_leg_purpose_is_known CHECK (purpose IN ('split', 'fee', 'exchange')),
    CONSTRAINT transfer_leg_side_is_known CHECK (side IN ('debit', 'credit')),
    CONSTRAINT transfer_leg_amount_within_range CHECK (amount_minor BETWEEN 1 AND 9007199254740991)
);

-- One row per idempotency key, kept 30 days, then the key is free again. The
-- hashes are the first 128 bits of SHA-256, stored as uuid because that is narrow.
CREATE TABLE idempotency_key (
    key_hash uuid NOT NULL,
    payload_hash uuid NOT NULL,
    resource_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_key_pkey PRIMARY KEY (key_hash)
) PARTITION BY HASH (key_hash);
-- The purge reads by age; rows arrive in that order, so a BRIN index costs almost nothing.
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key USING brin (created_at);
COMMENT ON COLUMN idempotency_key.key_hash IS 'Of caller and key.';
COMMENT ON COLUMN idempotency_key.payload_hash IS 'Of what must be the same when the key comes again.';
COMMENT ON COLUMN idempotency_key.resource_id IS 'The transfer or wallet that the key made.';
DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format(
            'CREATE TABLE idempotency_key_h%s PARTITION OF idempotency_key FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
            part, part);
    END LOOP;
END
$$;
