-- The working row of every saga that is not at its end: inserted at intake, deleted
-- at the end. It is the truth for lanes, sweeper, backpressure and ledger check, and
-- its row lock is the lock of the transfer. What a lane needs of the command is
-- repeated here, so that no lane reads the partitioned transfer table.
CREATE TABLE saga_open (
    transfer_id uuid PRIMARY KEY,
    kind text NOT NULL,
    source_wallet_id uuid,
    destination_wallet_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    correlation_id text,
    traceparent text,
    step text NOT NULL DEFAULT 'place_hold',
    attempt smallint NOT NULL DEFAULT 0,
    crash_count smallint NOT NULL DEFAULT 0,
    undo boolean NOT NULL DEFAULT false,
    undo_class text,
    undo_code text,
    undo_detail text,
    hold_minor bigint NOT NULL DEFAULT 0,
    log_seq smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    swept_at timestamptz,
    waiting_for text,
    parked_reason text,
    CONSTRAINT saga_open_step_is_known CHECK (step IN ('place_hold', 'screen', 'post_entry')),
    CONSTRAINT saga_open_undo_has_cause CHECK (undo = (undo_class IS NOT NULL AND undo_code IS NOT NULL)),
    CONSTRAINT saga_open_hold_not_negative CHECK (hold_minor >= 0),
    CONSTRAINT saga_open_hold_has_source CHECK (hold_minor = 0 OR source_wallet_id IS NOT NULL),
    CONSTRAINT saga_open_parked_reason_is_known CHECK (parked_reason IN (
        'attempts_used_up', 'outcome_unknown', 'compensation_failed', 'kills_its_worker', 'broken_invariant'))
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
-- Runnable work by age: for the sweeper and for backpressure.
CREATE INDEX saga_open_due_at_idx ON saga_open (due_at)
    WHERE waiting_for IS NULL AND parked_reason IS NULL;
COMMENT ON COLUMN saga_open.attempt IS 'Tries of the step already used; 0 before the first.';
COMMENT ON COLUMN saga_open.crash_count IS 'Times it was run apart after its process had died, written before each such run.';
COMMENT ON COLUMN saga_open.undo IS 'The undo of the step is next, not the step.';
COMMENT ON COLUMN saga_open.hold_minor IS 'What its hold reserves in the source wallet now.';
COMMENT ON COLUMN saga_open.swept_at IS 'When the keeper last gave it a new job; null when it never had to.';
COMMENT ON COLUMN saga_open.waiting_for IS 'The outside event it waits for; null when it only waits for due_at.';
COMMENT ON COLUMN saga_open.parked_reason IS 'Why it waits for a person; null otherwise.';

-- The step log: one row each time a step or its undo was run. Append-only.
CREATE TABLE saga_step (
    transfer_id uuid NOT NULL,
    seq smallint NOT NULL,
    step text NOT NULL,
    undo boolean NOT NULL,
    attempt smallint NOT NULL,
    outcome text NOT NULL,
    failure_code text,
    failure_detail text,
    at timestamptz NOT NULL,
    CONSTRAINT saga_step_pkey PRIMARY KEY (transfer_id, seq),
    CONSTRAINT saga_step_outcome_is_known
        CHECK (outcome IN ('succeeded', 'rejected', 'transient', 'permanent', 'unknown')),
    CONSTRAINT saga_step_failure_has_code CHECK ((outcome = 'succeeded') = (failure_code IS NULL))
) PARTITION BY RANGE (transfer_id);
COMMENT ON COLUMN saga_step.outcome IS 'succeeded, or the class of the failure.';

-- Sagas that gave up and wait for a person: the business dead-letter queue.
CREATE TABLE dead_letter (
    id uuid PRIMARY KEY,
    transfer_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'open',
    reason text NOT NULL,
    step text NOT NULL,
    undo boolean NOT NULL,
    failure_class text NOT NULL,
    failure_code text NOT NULL,
    failure_detail text NOT NULL,
    fingerprint text NOT NULL,
    attempt_count integer NOT NULL,
    source_wallet_id uuid,
    destination_wallet_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    held_minor bigint NOT NULL,
    payload jsonb NOT NULL,
    correlation_id text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT dead_letter_status_is_known CHECK (status IN ('open', 'redriven', 'resolved')),
    CONSTRAINT dead_letter_closed_has_time CHECK ((status = 'open') = (closed_at IS NULL))
);
-- One open dead letter a transfer, at most.
CREATE UNIQUE INDEX dead_letter_transfer_id_key ON dead_letter (transfer_id) WHERE status = 'open';
CREATE INDEX dead_letter_fingerprint_id_idx ON dead_letter (fingerprint, id) WHERE status = 'open';
COMMENT ON COLUMN dead_letter.fingerprint IS 'Same cause, same text: step/class/code.';
COMMENT ON COLUMN dead_letter.attempt_count IS 'Tries of the step before it gave up.';
COMMENT ON COLUMN dead_letter.held_minor IS 'What its hold keeps reserved while it waits.';
