-- Jobs of one queue with their state in our words, or one of them; the newest first. Ids are in
-- the order of time.
SELECT *
FROM (
    SELECT
        *,
        CASE
            WHEN status IN ('Queued', 'Running') THEN 'in_hand'
            WHEN status = 'Done' THEN 'done'
            WHEN status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts) THEN 'failed'
            WHEN run_at > now() THEN 'scheduled'
            ELSE 'ready'
        END AS state
    FROM apalis.jobs
    WHERE job_type = $1 AND ($2::text IS NULL OR id = $2)
) AS job
WHERE ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5
