-- Fails while anything of this migration is in use: a transfer must not lose its terms.
DROP TABLE transfer_reversal;
ALTER TABLE business_minute
    DROP CONSTRAINT business_minute_status_is_known,
    ADD CONSTRAINT business_minute_status_is_known CHECK (status IN ('settled', 'rejected', 'failed', 'stuck'));
DROP INDEX saga_open_waiting_for_due_at_idx;
ALTER TABLE saga_open
    DROP CONSTRAINT saga_open_answer_ends_the_wait,
    DROP COLUMN terms,
    DROP COLUMN answer,
    DROP COLUMN call_count;
ALTER TABLE archive.transfer DROP COLUMN terms;
ALTER TABLE transfer DROP COLUMN terms;

ALTER DOMAIN parked_reason DROP CONSTRAINT parked_reason_is_known;
ALTER DOMAIN parked_reason ADD CONSTRAINT parked_reason_is_known CHECK (VALUE IN (
    'attempts_used_up', 'outcome_unknown', 'compensation_failed', 'kills_its_worker',
    'broken_invariant', 'parked_by_operator'));
ALTER DOMAIN saga_step_name DROP CONSTRAINT saga_step_name_is_known;
ALTER DOMAIN saga_step_name ADD CONSTRAINT saga_step_name_is_known
    CHECK (VALUE IN ('place_hold', 'screen', 'post_entry'));
ALTER DOMAIN step_outcome DROP CONSTRAINT step_outcome_is_known;
ALTER DOMAIN step_outcome ADD CONSTRAINT step_outcome_is_known
    CHECK (VALUE IN ('succeeded', 'rejected', 'transient', 'permanent', 'unknown'));
ALTER DOMAIN failure_class DROP CONSTRAINT failure_class_is_known;
ALTER DOMAIN failure_class ADD CONSTRAINT failure_class_is_known
    CHECK (VALUE IN ('rejected', 'transient', 'permanent', 'unknown'));
ALTER DOMAIN transfer_kind DROP CONSTRAINT transfer_kind_is_known;
ALTER DOMAIN transfer_kind ADD CONSTRAINT transfer_kind_is_known CHECK (VALUE IN ('transfer', 'deposit'));
