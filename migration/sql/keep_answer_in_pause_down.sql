-- NOT VALID: a pause may be on.
ALTER TABLE saga_open
    DROP CONSTRAINT saga_open_answer_ends_the_wait,
    ADD CONSTRAINT saga_open_answer_ends_the_wait CHECK (answer IS NULL OR waiting_for IS NULL) NOT VALID;
