DROP INDEX apalis.jobs_done_at_idx;
ALTER TABLE apalis.jobs RESET (
    fillfactor,
    autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_threshold,
    autovacuum_vacuum_cost_delay
);
ALTER FUNCTION apalis.get_jobs(text, text, integer) RESET ALL;
ALTER TABLE apalis.jobs ADD CONSTRAINT fk_worker_lock_by
    FOREIGN KEY (lock_by) REFERENCES apalis.workers (id) NOT VALID;
CREATE UNIQUE INDEX unique_job_id ON apalis.jobs (id);
CREATE INDEX lidx ON apalis.jobs (lock_by);
CREATE TRIGGER notify_workers AFTER INSERT ON apalis.jobs
    FOR EACH ROW EXECUTE FUNCTION apalis.notify_new_jobs();
