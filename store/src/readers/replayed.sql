-- Which server this is, and how far it has replayed the log, in bytes; null on one that is no
-- standby. No two servers start in the same microsecond.
SELECT
    pg_postmaster_start_time(),
    CASE
        WHEN pg_is_in_recovery() THEN coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::bigint
    END
