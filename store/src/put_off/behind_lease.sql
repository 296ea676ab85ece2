-- The job of a call that is leased, for the end of the lease.
INSERT INTO apalis.jobs (id, job_type, job, run_at)
SELECT $2, $3, $4, due_at
FROM saga_open
WHERE transfer_id = $1 AND waiting_for = 'call' AND due_at > now() AND parked_reason IS NULL
