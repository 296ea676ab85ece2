-- Who owns a wallet and what it counts. Cold: no transfer reads it.
CREATE TABLE wallet (
    id uuid PRIMARY KEY,
    owner_id text NOT NULL,
    kind text NOT NULL,
    role text,
    shard smallint,
    currency text NOT NULL,
    label text,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT wallet_kind_is_known CHECK (kind IN ('customer', 'system')),
    CONSTRAINT wallet_role_is_known CHECK (role IN ('cash', 'fees', 'suspense')),
    CONSTRAINT wallet_system_has_role_and_shard
        CHECK ((kind = 'system') = (role IS NOT NULL AND shard IS NOT NULL)),
    CONSTRAINT wallet_shard_within_range CHECK (shard BETWEEN 0 AND 15),
    CONSTRAINT wallet_currency_is_three_capitals CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX wallet_owner_id_id_idx ON wallet (owner_id, id);
COMMENT ON COLUMN wallet.role IS 'What a system wallet stands for; null for customers.';
COMMENT ON COLUMN wallet.shard IS 'Which of the 16 shards of a system wallet; null for customers.';

-- The narrow row that transfers lock and count in. Changed only under its lock.
CREATE TABLE wallet_balance (
    wallet_id uuid PRIMARY KEY,
    currency text NOT NULL,
    normal_side text NOT NULL,
    status text NOT NULL DEFAULT 'active',
    floor_minor bigint NOT NULL DEFAULT 0,
    debits_posted bigint NOT NULL DEFAULT 0,
    credits_posted bigint NOT NULL DEFAULT 0,
    debits_pending bigint NOT NULL DEFAULT 0,
    credits_pending bigint NOT NULL DEFAULT 0,
    wallet_seq bigint NOT NULL DEFAULT 0,
    event_seq bigint NOT NULL DEFAULT 0,
    last_posted_at timestamptz,
    CONSTRAINT wallet_balance_normal_side_is_known CHECK (normal_side IN ('debit', 'credit')),
    CONSTRAINT wallet_balance_status_is_known CHECK (status IN ('active', 'frozen', 'closed')),
    CONSTRAINT wallet_balance_counters_not_negative CHECK (
        debits_posted >= 0 AND credits_posted >= 0
        AND debits_pending >= 0 AND credits_pending >= 0
    ),
    -- The second guard of the rule that domain checks first.
    CONSTRAINT wallet_balance_available_not_below_floor CHECK (
        CASE normal_side
            WHEN 'credit' THEN credits_posted - debits_posted - debits_pending
            ELSE debits_posted - credits_posted - credits_pending
        END >= floor_minor
    ),
    CONSTRAINT wallet_balance_posted_time_iff_posted
        CHECK ((wallet_seq = 0) = (last_posted_at IS NULL))
) WITH (
    -- Room for HOT updates: no index covers a counter.
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);
COMMENT ON COLUMN wallet_balance.wallet_seq IS 'Number of the newest posting; 0 before the first.';
COMMENT ON COLUMN wallet_balance.event_seq IS 'Number of the newest event; 0 before the first.';
COMMENT ON COLUMN wallet_balance.last_posted_at IS 'Null before the first posting; never runs backwards.';
