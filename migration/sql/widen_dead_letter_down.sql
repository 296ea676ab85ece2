ALTER TABLE transfer DROP CONSTRAINT transfer_resolution_is_known;

-- The nearest word that was known before.
UPDATE saga_open SET parked_reason = 'broken_invariant' WHERE parked_reason = 'parked_by_operator';
ALTER TABLE saga_open
    DROP CONSTRAINT saga_open_parked_reason_is_known,
    ADD CONSTRAINT saga_open_parked_reason_is_known CHECK (parked_reason IN (
        'attempts_used_up', 'outcome_unknown', 'compensation_failed', 'kills_its_worker', 'broken_invariant'));

DROP INDEX dead_letter_transfer_id_id_idx;
ALTER TABLE dead_letter
    DROP CONSTRAINT dead_letter_resolved_has_evidence,
    DROP CONSTRAINT dead_letter_open_is_closed_by_nobody,
    DROP CONSTRAINT dead_letter_status_is_known;
UPDATE dead_letter SET status = 'redriven' WHERE status = 'compensated';
UPDATE dead_letter SET status = 'resolved' WHERE status = 'discarded';
ALTER TABLE dead_letter
    DROP COLUMN closed_by,
    DROP COLUMN closed_reason,
    DROP COLUMN evidence,
    ADD CONSTRAINT dead_letter_status_is_known CHECK (status IN ('open', 'redriven', 'resolved'));
