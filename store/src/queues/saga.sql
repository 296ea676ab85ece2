-- How the saga queue stands. Each part counts one partial index, and none reads a whole table.
SELECT waiting.*, taken.*, ended.*, open.*, parked.*, paused.*, alive.*
FROM
-- The condition is that of the index from which apalis fetches.
(
    SELECT
        count(*) FILTER (WHERE run_at <= now()) AS ready,
        count(*) FILTER (WHERE run_at > now()) AS scheduled,
        (extract(epoch FROM now() - min(run_at) FILTER (WHERE run_at <= now())) * 1000)::bigint
            AS oldest_ready_ms
    FROM apalis.jobs
    WHERE job_type = $1 AND (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts))
) AS waiting,
(
    SELECT count(*) AS in_hand
    FROM apalis.jobs
    WHERE job_type = $1 AND status IN ('Queued', 'Running')
) AS taken,
(
    SELECT
        count(*) FILTER (WHERE status = 'Done') AS done,
        count(*) FILTER (WHERE status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts))
            AS failed
    FROM apalis.jobs
    WHERE job_type = $1 AND status IN ('Done', 'Killed', 'Failed')
) AS ended,
(
    SELECT
        count(*) FILTER (WHERE due_at <= now()) AS runnable,
        count(*) FILTER (WHERE due_at > now()) AS retrying,
        (extract(epoch FROM now() - min(due_at) FILTER (WHERE due_at <= now())) * 1000)::bigint
            AS oldest_due_ms
    FROM saga_open
    WHERE waiting_for IS NULL AND parked_reason IS NULL
) AS open,
(SELECT count(*) AS parked FROM saga_open WHERE parked_reason IS NOT NULL) AS parked,
(
    SELECT count(*) AS paused
    FROM saga_open
    WHERE waiting_for IS NOT NULL AND waiting_for LIKE 'switch:%' AND parked_reason IS NULL
) AS paused,
(
    SELECT count(*) AS workers_alive
    FROM apalis.workers
    WHERE worker_type = $1 AND last_seen > now() - make_interval(secs => $2)
) AS alive
