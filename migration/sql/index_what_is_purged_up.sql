-- A BRIN index keeps the smallest value that a range of pages ever had, also when its rows are gone and others have taken
-- their place: after a month of deletes each purge would read the whole table. What is deleted by age needs its order.
DROP INDEX idempotency_key_created_at_idx;
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);
DROP INDEX provider_notice_received_at_idx;
CREATE INDEX provider_notice_received_at_idx ON provider_notice (received_at);
-- The primary key has the order of time already.
DROP INDEX inbox_handled_at_idx;
