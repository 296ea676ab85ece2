-- What operators allow a wallet or an owner to send. Read by lanes only for wallets whose hot
-- row says that it is limited, and written only under the locks of all those wallets.
CREATE TABLE transfer_limit (
    id uuid PRIMARY KEY,
    scope text NOT NULL,
    subject text NOT NULL,
    owner_id text NOT NULL,
    currency text NOT NULL,
    period text NOT NULL,
    unit text NOT NULL,
    value bigint NOT NULL,
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    CONSTRAINT transfer_limit_scope_is_known CHECK (scope IN ('wallet', 'owner')),
    CONSTRAINT transfer_limit_period_is_known CHECK (period IN ('transfer', 'day', 'month')),
    CONSTRAINT transfer_limit_unit_is_known CHECK (unit IN ('amount', 'count')),
    CONSTRAINT transfer_limit_of_one_transfer_is_an_amount CHECK (period <> 'transfer' OR unit = 'amount'),
    CONSTRAINT transfer_limit_owner_is_its_subject CHECK (scope <> 'owner' OR owner_id = subject),
    CONSTRAINT transfer_limit_value_not_negative CHECK (value >= 0),
    CONSTRAINT transfer_limit_currency_is_three_capitals CHECK (currency ~ '^[A-Z]{3}$')
);
-- One limit of a kind; and how a lane finds all limits of a subject.
CREATE UNIQUE INDEX transfer_limit_subject_key ON transfer_limit (scope, subject, currency, period, unit);
CREATE INDEX transfer_limit_owner_id_id_idx ON transfer_limit (owner_id, id);
COMMENT ON COLUMN transfer_limit.subject IS 'The id of the wallet, or of the owner.';
COMMENT ON COLUMN transfer_limit.owner_id IS 'The owner, of a wallet''s limit too.';
COMMENT ON COLUMN transfer_limit.value IS 'The most that is allowed: minor units, or transfers.';

-- What was sent in a day or a month by those who have a limit. Locked after all wallets, in
-- the order of its key.
CREATE TABLE limit_window (
    scope text NOT NULL,
    subject text NOT NULL,
    currency text NOT NULL,
    period text NOT NULL,
    first_day date NOT NULL,
    amount_minor counter_minor NOT NULL DEFAULT 0,
    transfer_count counter_minor NOT NULL DEFAULT 0,
    CONSTRAINT limit_window_pkey PRIMARY KEY (scope, subject, currency, period, first_day),
    CONSTRAINT limit_window_period_is_counted CHECK (period IN ('day', 'month'))
) WITH (
    -- Room for HOT updates: no index covers a count.
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
-- Old ones, for those who throw them away.
CREATE INDEX limit_window_first_day_idx ON limit_window (first_day);
COMMENT ON COLUMN limit_window.first_day IS 'Of the day or month, as a date of the owner''s time zone.';

-- What is set for an owner. One without a row has all defaults.
CREATE TABLE owner_setting (
    owner_id text PRIMARY KEY,
    time_zone text NOT NULL,
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON COLUMN owner_setting.time_zone IS 'IANA name: where the owner''s days and months begin and end. UTC without a row.';

-- In the row that every transfer reads anyway, so that wallets without limits cost nothing.
ALTER TABLE wallet_balance ADD COLUMN limited boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN wallet_balance.limited IS 'Whether a limit of its own or of its owner concerns it.';

ALTER TABLE saga_open ADD COLUMN limit_day date;
COMMENT ON COLUMN saga_open.limit_day IS
    'The day on which limits count it; null before its screening, and when no limit concerned it.';
