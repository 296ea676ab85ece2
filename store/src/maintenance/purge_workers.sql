-- Every start of a worker makes a new row; those silent for an hour hold no job any more.
DELETE FROM apalis.workers AS w
WHERE w.last_seen < now() - interval '1 hour'
    AND NOT EXISTS (
        SELECT 1 FROM apalis.jobs AS j WHERE j.lock_by = w.id AND j.status IN ('Queued', 'Running')
    )
