-- The event log: every state change that others may want to know, kept and replayable.
CREATE TABLE event (
    id uuid NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    transfer_id uuid,
    wallet_id uuid,
    correlation_id text,
    traceparent text,
    envelope text NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (id),
    CONSTRAINT event_has_one_subject CHECK (num_nonnulls(transfer_id, wallet_id) = 1)
) PARTITION BY RANGE (id);
COMMENT ON COLUMN event.transfer_id IS 'What it is about; null when it is about a wallet.';
COMMENT ON COLUMN event.wallet_id IS 'What it is about; null when it is about a transfer.';
COMMENT ON COLUMN event.envelope IS 'The JSON envelope, byte for byte as consumers receive it.';

-- Ids of events still to be sent. Written with the change, deleted after the queue said yes.
CREATE TABLE outbox (
    event_id uuid PRIMARY KEY
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
