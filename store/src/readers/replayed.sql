-- How far this server has replayed the log, in bytes. A server that is no replica has
-- by itself everything that it ever will.
SELECT CASE
    WHEN pg_is_in_recovery() THEN coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::bigint
    ELSE 9223372036854775807
END
