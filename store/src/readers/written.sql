-- Which server the writer is, and how far its log goes, in bytes: up to what was inserted, because
-- what others can see of it may not be written yet.
SELECT pg_postmaster_start_time(), pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
