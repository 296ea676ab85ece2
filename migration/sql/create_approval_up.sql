-- Four eyes: that a second operator has agreed to what one may not do alone. A row is never changed or taken back,
-- and neither is what it is about: the hash of a plan covers all that it does, and a dead letter stays as it
-- was opened until somebody acts on it.
CREATE TABLE approval (
    id uuid PRIMARY KEY,
    subject text NOT NULL,
    hash text NOT NULL,
    approved_by text NOT NULL,
    approved_role text NOT NULL,
    reason text NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT approval_role_is_approver CHECK (approved_role = 'approver')
);
-- The same approval again is the one that there is.
CREATE UNIQUE INDEX approval_subject_key ON approval (subject, hash, approved_by);
COMMENT ON COLUMN approval.subject IS 'What may be done, such as redrive_plan:<id>.';
COMMENT ON COLUMN approval.hash IS 'The hash of the plan that was shown; empty for a dead letter, which does not change.';
