-- Dead letters are closed in more ways than one, and say by whom and why.
ALTER TABLE dead_letter
    ADD COLUMN closed_by text,
    ADD COLUMN closed_reason text,
    ADD COLUMN evidence text,
    DROP CONSTRAINT dead_letter_status_is_known,
    ADD CONSTRAINT dead_letter_status_is_known
        CHECK (status IN ('open', 'redriven', 'compensated', 'discarded', 'resolved')),
    -- Those that were closed before this migration have neither.
    ADD CONSTRAINT dead_letter_open_is_closed_by_nobody
        CHECK (status <> 'open' OR (closed_by IS NULL AND closed_reason IS NULL)),
    -- Nothing was ever resolved before this migration.
    ADD CONSTRAINT dead_letter_resolved_has_evidence
        CHECK ((status = 'resolved') = (evidence IS NOT NULL));
COMMENT ON COLUMN dead_letter.closed_by IS 'Name of the operator who closed it; null while open.';
COMMENT ON COLUMN dead_letter.closed_reason IS 'Why, in the operator''s words; null while open.';
COMMENT ON COLUMN dead_letter.evidence IS
    'What proves outside how it ended, such as a booking reference; null unless resolved.';
-- All dead letters of one transfer, for those who look at the transfer.
CREATE INDEX dead_letter_transfer_id_id_idx ON dead_letter (transfer_id, id);

ALTER TABLE saga_open
    DROP CONSTRAINT saga_open_parked_reason_is_known,
    ADD CONSTRAINT saga_open_parked_reason_is_known CHECK (parked_reason IN (
        'attempts_used_up', 'outcome_unknown', 'compensation_failed', 'kills_its_worker',
        'broken_invariant', 'parked_by_operator'));

-- Not validated: no row has a resolution yet, so none needs to be read under the lock.
ALTER TABLE transfer ADD CONSTRAINT transfer_resolution_is_known
    CHECK (resolution IN ('settled_outside', 'failed_outside', 'discarded')) NOT VALID;
