-- The job of one call, for the time when it may be made.
INSERT INTO apalis.jobs (id, job_type, job, run_at) VALUES ($1, $2, $3, $4)
