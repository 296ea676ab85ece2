-- The statements of this database that took the most time, the bench's own included.
SELECT query, calls, rows, total_exec_time, wal_bytes::float8 AS wal_bytes
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY total_exec_time DESC
LIMIT $1
