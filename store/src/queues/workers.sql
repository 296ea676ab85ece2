-- Workers with what they have in hand.
SELECT w.id, w.last_seen, w.last_seen > now() - make_interval(secs => $2) AS alive,
    coalesce(taken.job_count, 0) AS in_hand
FROM apalis.workers AS w
LEFT JOIN (
    SELECT lock_by, count(*) AS job_count
    FROM apalis.jobs
    WHERE status IN ('Queued', 'Running')
    GROUP BY lock_by
) AS taken ON taken.lock_by = w.id
WHERE w.worker_type = $1
ORDER BY w.last_seen DESC, w.id DESC
LIMIT $3
