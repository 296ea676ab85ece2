-- apalis frees the jobs of silent workers itself, but not those of a worker whose row is
-- gone, nor those whose acknowledgement was lost while their worker lives on. Advancing a
-- transfer twice is harmless, so a long age is proof enough. Attempts grow, so that the
-- lane treats its transfers with care.
UPDATE apalis.jobs
SET status = 'Pending', lock_by = NULL, lock_at = NULL, attempts = attempts + 1
WHERE id IN (
    SELECT id
    FROM apalis.jobs
    WHERE status IN ('Queued', 'Running') AND lock_at < now() - make_interval(secs => $1)
    FOR UPDATE SKIP LOCKED
)
