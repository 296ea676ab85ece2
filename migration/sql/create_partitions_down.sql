-- The partitions themselves go with their parents.
DROP TABLE event_default, saga_step_default, posting_default, journal_entry_default, transfer_default;
DROP FUNCTION create_partitions(timestamptz, timestamptz);
DROP FUNCTION uuid_v7_floor(timestamptz);
