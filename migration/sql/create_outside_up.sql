-- Sagas that leave the database. What only some transfers need is in one nullable column, so
-- that it costs nothing where it is not used; NOT VALID, because each new list of words holds
-- the whole old one.
ALTER DOMAIN transfer_kind DROP CONSTRAINT transfer_kind_is_known;
ALTER DOMAIN transfer_kind ADD CONSTRAINT transfer_kind_is_known
    CHECK (VALUE IN ('transfer', 'deposit', 'payout', 'reversal')) NOT VALID;
ALTER DOMAIN failure_class DROP CONSTRAINT failure_class_is_known;
ALTER DOMAIN failure_class ADD CONSTRAINT failure_class_is_known
    CHECK (VALUE IN ('rejected', 'transient', 'permanent', 'unknown', 'voided', 'expired')) NOT VALID;
ALTER DOMAIN step_outcome DROP CONSTRAINT step_outcome_is_known;
ALTER DOMAIN step_outcome ADD CONSTRAINT step_outcome_is_known CHECK (VALUE IN (
    'succeeded', 'rejected', 'transient', 'permanent', 'unknown', 'voided', 'expired')) NOT VALID;
ALTER DOMAIN saga_step_name DROP CONSTRAINT saga_step_name_is_known;
ALTER DOMAIN saga_step_name ADD CONSTRAINT saga_step_name_is_known CHECK (VALUE IN (
    'place_hold', 'screen', 'screen_outside', 'await_capture', 'submit_payout', 'confirm_payout',
    'post_entry')) NOT VALID;
ALTER DOMAIN parked_reason DROP CONSTRAINT parked_reason_is_known;
ALTER DOMAIN parked_reason ADD CONSTRAINT parked_reason_is_known CHECK (VALUE IN (
    'attempts_used_up', 'outcome_unknown', 'compensation_failed', 'kills_its_worker',
    'broken_invariant', 'parked_by_operator', 'cannot_turn_back')) NOT VALID;

ALTER TABLE transfer ADD COLUMN terms jsonb;
ALTER TABLE archive.transfer ADD COLUMN terms jsonb;
COMMENT ON COLUMN transfer.terms IS
    'What it has beyond a plain transfer: screening outside, a hold to capture, a payout, what it reverses. Null for a plain one.';
COMMENT ON COLUMN archive.transfer.terms IS
    'What it has beyond a plain transfer: screening outside, a hold to capture, a payout, what it reverses. Null for a plain one.';

ALTER TABLE saga_open
    ADD COLUMN terms jsonb,
    ADD COLUMN answer jsonb,
    ADD COLUMN call_count smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT saga_open_answer_ends_the_wait CHECK (answer IS NULL OR waiting_for IS NULL);
COMMENT ON COLUMN saga_open.terms IS 'As in transfer; repeated here for the lane.';
COMMENT ON COLUMN saga_open.answer IS 'What has come from outside for the step; read by the lane that runs it.';
COMMENT ON COLUMN saga_open.call_count IS 'Calls made for the step so far, written before each of them.';
-- Who waits for what, and whose time is up: for the keeper.
CREATE INDEX saga_open_waiting_for_due_at_idx ON saga_open (waiting_for, due_at)
    WHERE waiting_for IS NOT NULL AND parked_reason IS NULL;

-- What the figures' consumer counts.
ALTER TABLE business_minute
    DROP CONSTRAINT business_minute_status_is_known,
    ADD CONSTRAINT business_minute_status_is_known
        CHECK (status IN ('held', 'settled', 'rejected', 'failed', 'stuck', 'voided', 'expired'));

-- How much of a transfer its reversals take back. A row is made with the first of them, and its
-- lock orders those of several lanes.
CREATE TABLE transfer_reversal (
    transfer_id uuid PRIMARY KEY,
    moved_minor amount_minor NOT NULL,
    reversed_minor counter_minor NOT NULL DEFAULT 0,
    CONSTRAINT transfer_reversal_not_more_than_moved CHECK (reversed_minor <= moved_minor)
);
COMMENT ON COLUMN transfer_reversal.moved_minor IS 'What the transfer has moved, in minor units.';
COMMENT ON COLUMN transfer_reversal.reversed_minor IS
    'Posted by settled reversals and reserved by open ones, in minor units of the transfer.';
