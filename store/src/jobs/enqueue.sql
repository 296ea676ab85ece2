-- New jobs of one queue. Everything else about a job keeps apalis's defaults.
INSERT INTO apalis.jobs (id, job_type, job, run_at)
SELECT job.id, $1::text, job.payload, job.run_at
FROM unnest($2::text[], $3::bytea[], $4::timestamptz[]) AS job (id, payload, run_at)
