-- What comes from outside while an operator has paused the saga is kept for the end of the pause. Every other
-- wait is ended by an answer.
ALTER TABLE saga_open
    DROP CONSTRAINT saga_open_answer_ends_the_wait,
    ADD CONSTRAINT saga_open_answer_ends_the_wait
        CHECK (answer IS NULL OR waiting_for IS NULL OR waiting_for LIKE 'switch:%');
