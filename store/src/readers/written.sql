-- Which server the writer is, and how far it has written its log, in bytes.
SELECT pg_postmaster_start_time(), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint
