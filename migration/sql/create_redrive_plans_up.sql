-- Redrive plans: a frozen set of dead letters, what each was forecast to do, and how far
-- it has come. Written by the operator API, carried out by the desk role, tick by tick.
CREATE TABLE redrive_plan (
    id uuid PRIMARY KEY,
    status text NOT NULL DEFAULT 'draft',
    way text NOT NULL,
    selection jsonb NOT NULL,
    hash bytea NOT NULL,
    causes text[] NOT NULL,
    item_count integer NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- How it is carried out; null until it is applied.
    applied_by text,
    applied_role text,
    applied_reason text,
    applied_at timestamptz,
    canary_count integer,
    rate_per_second integer,
    failure_percent_max integer,
    -- How far it has come.
    next_position integer NOT NULL DEFAULT 1,
    dispatched_count integer NOT NULL DEFAULT 0,
    skipped_count integer NOT NULL DEFAULT 0,
    ended_count integer NOT NULL DEFAULT 0,
    running_since timestamptz,
    ramp_since timestamptz,
    phase_dispatched integer NOT NULL DEFAULT 0,
    halt_reason text,
    halt_cause text,
    ended_at timestamptz,
    CONSTRAINT redrive_plan_status_is_known
        CHECK (status IN ('draft', 'running', 'paused', 'halted', 'stopped', 'done')),
    CONSTRAINT redrive_plan_way_is_known CHECK (way IN ('redrive', 'compensate')),
    CONSTRAINT redrive_plan_hash_is_sha256 CHECK (octet_length(hash) = 32),
    CONSTRAINT redrive_plan_applied_says_how CHECK (
        (status = 'draft') = (applied_at IS NULL)
        AND (applied_at IS NULL) = (applied_by IS NULL)
        AND (applied_at IS NULL) = (applied_reason IS NULL)
        AND (applied_at IS NULL) = (rate_per_second IS NULL)),
    CONSTRAINT redrive_plan_halted_says_why CHECK (status <> 'halted' OR halt_reason IS NOT NULL),
    CONSTRAINT redrive_plan_counts_add_up CHECK (
        next_position - 1 = dispatched_count + skipped_count AND ended_count <= dispatched_count),
    CONSTRAINT redrive_plan_done_is_done
        CHECK (status <> 'done' OR dispatched_count + skipped_count = item_count AND ended_count = dispatched_count)
) WITH (fillfactor = 50);
COMMENT ON COLUMN redrive_plan.selection IS 'How the set was chosen, for people; the items are the set.';
COMMENT ON COLUMN redrive_plan.hash IS 'SHA-256 over way and items, forecasts included: what apply must name.';
COMMENT ON COLUMN redrive_plan.causes IS 'Fingerprints that are no news: those of its items, and those that a person resumed after.';
COMMENT ON COLUMN redrive_plan.next_position IS 'The item that is sent next; items are sent in order.';
COMMENT ON COLUMN redrive_plan.running_since IS 'When it was applied or resumed; outcomes before that halt it no more.';
COMMENT ON COLUMN redrive_plan.ramp_since IS 'When the canaries were through; null before, and anew after a pause.';
COMMENT ON COLUMN redrive_plan.phase_dispatched IS 'Items sent in this part of the run: as canaries, or since ramp_since.';
COMMENT ON COLUMN redrive_plan.halt_cause IS 'The new fingerprint that halted it; null when the ratio did.';

CREATE TABLE redrive_item (
    plan_id uuid NOT NULL,
    position integer NOT NULL,
    dead_letter_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    fingerprint text NOT NULL,
    step text NOT NULL,
    undo boolean NOT NULL,
    source_wallet_id uuid,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    held_minor bigint NOT NULL,
    outlook text NOT NULL,
    outlook_code text,
    status text NOT NULL DEFAULT 'planned',
    outcome_code text,
    dispatched_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT redrive_item_pkey PRIMARY KEY (plan_id, position),
    CONSTRAINT redrive_item_dead_letter_id_key UNIQUE (plan_id, dead_letter_id),
    CONSTRAINT redrive_item_outlook_is_known CHECK (outlook IN (
        'would_settle', 'would_be_rejected', 'would_fail', 'would_wait', 'would_stick_again', 'closed_already')),
    CONSTRAINT redrive_item_status_is_known CHECK (status IN (
        'planned', 'skipped', 'dispatched', 'settled', 'rejected', 'failed', 'dead_again')),
    CONSTRAINT redrive_item_sent_has_time
        CHECK ((status IN ('planned', 'skipped')) = (dispatched_at IS NULL)),
    CONSTRAINT redrive_item_ended_has_time
        CHECK ((status IN ('planned', 'dispatched')) = (ended_at IS NULL))
) WITH (fillfactor = 70);
-- In flight: what is to be followed.
CREATE INDEX redrive_item_in_flight_idx ON redrive_item (plan_id, position) WHERE status = 'dispatched';
-- The newest outcomes: what may halt the plan.
CREATE INDEX redrive_item_ended_idx ON redrive_item (plan_id, ended_at) WHERE status NOT IN ('planned', 'skipped', 'dispatched');
-- Those that died again: is a cause among them that the plan did not know?
CREATE INDEX redrive_item_dead_again_idx ON redrive_item (plan_id) WHERE status = 'dead_again';
COMMENT ON COLUMN redrive_item.position IS 'From 1, in order of transfer ids: the order of a lane.';
COMMENT ON COLUMN redrive_item.step IS 'Where it goes on: this step is run again, those before it are not.';
COMMENT ON COLUMN redrive_item.undo IS 'The undo of the step is run, not the step.';
COMMENT ON COLUMN redrive_item.outlook IS 'What the rules said of it when the plan was made.';
COMMENT ON COLUMN redrive_item.outcome_code IS
    'Why it was skipped, the failure code of a bad end, or the fingerprint of its new dead letter.';

-- The groups of open dead letters, read from this index alone.
CREATE INDEX dead_letter_open_idx ON dead_letter (fingerprint, currency)
    INCLUDE (source_wallet_id, held_minor, amount_minor, opened_at) WHERE status = 'open';
