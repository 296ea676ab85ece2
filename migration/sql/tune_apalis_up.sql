-- A NOTIFY inside the inserting transaction takes a database-wide lock until its WAL is
-- flushed, which ends group commit. Holdfast wakes its workers after COMMIT instead.
DROP TRIGGER IF EXISTS notify_workers ON apalis.jobs;

-- Exact duplicates of other indexes.
DROP INDEX IF EXISTS apalis.lidx;
ALTER TABLE apalis.jobs DROP CONSTRAINT IF EXISTS unique_job_id;
DROP INDEX IF EXISTS apalis.unique_job_id;

-- Every worker start has a new name, so rows of dead workers must be free to go.
ALTER TABLE apalis.jobs DROP CONSTRAINT IF EXISTS fk_worker_lock_by;

-- The function's LIMIT is unknown to the planner, which then reads the whole table.
ALTER FUNCTION apalis.get_jobs(text, text, integer) SET enable_hashjoin = off;
ALTER FUNCTION apalis.get_jobs(text, text, integer) SET enable_mergejoin = off;
ALTER FUNCTION apalis.get_jobs(text, text, integer) SET enable_seqscan = off;

ALTER TABLE apalis.jobs SET (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);

-- The purge of finished jobs reads by age.
CREATE INDEX jobs_done_at_idx ON apalis.jobs (done_at) WHERE status IN ('Done', 'Killed', 'Failed');
