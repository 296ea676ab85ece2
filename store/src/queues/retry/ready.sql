-- Due now, and free. The attempts stay, so that the lane goes on treating it with care; a
-- pending job is fetched whatever they are.
UPDATE apalis.jobs
SET status = 'Pending', run_at = least(run_at, now()), lock_by = NULL, lock_at = NULL, done_at = NULL
WHERE id = $1
