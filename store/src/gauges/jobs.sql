-- How each queue of jobs stands. The conditions are those of the partial indexes of the job table.
SELECT q.queue, waiting.*, taken.*, ended.*, alive.*
FROM unnest($1::text[]) AS q (queue)
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE run_at <= now()) AS ready,
        count(*) FILTER (WHERE run_at > now()) AS scheduled,
        (extract(epoch FROM now() - min(run_at) FILTER (WHERE run_at <= now())) * 1000)::bigint
            AS oldest_ready_ms
    FROM apalis.jobs
    WHERE job_type = q.queue
        AND (status = 'Pending' OR (status = 'Failed' AND attempts < max_attempts))
) AS waiting
CROSS JOIN LATERAL (
    SELECT count(*) AS in_hand
    FROM apalis.jobs
    WHERE job_type = q.queue AND status IN ('Queued', 'Running')
) AS taken
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (
        WHERE status = 'Killed' OR (status = 'Failed' AND attempts >= max_attempts)
    ) AS failed
    FROM apalis.jobs
    WHERE job_type = q.queue AND status IN ('Done', 'Killed', 'Failed')
) AS ended
CROSS JOIN LATERAL (
    SELECT count(*) AS workers_alive
    FROM apalis.workers
    WHERE worker_type = q.queue AND last_seen > now() - make_interval(secs => $2)
) AS alive
