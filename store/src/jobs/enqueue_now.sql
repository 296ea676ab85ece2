-- New jobs of one queue that may be taken at once. Everything else about a job keeps apalis's defaults.
INSERT INTO apalis.jobs (id, job_type, job)
SELECT job.id, $1::text, job.payload
FROM unnest($2::text[], $3::bytea[]) AS job (id, payload)
