-- The oldest command that nobody is at: queued, our own, or one whose process gives no
-- sign of life. What was begun comes first, so that commands on a queue keep their order.
WITH next AS (
    SELECT id
    FROM operator_command
    WHERE queue = $1
        AND (status = 'queued'
            OR status = 'running' AND (
                taken_by = $2 OR heartbeat_at IS NULL OR heartbeat_at < now() - make_interval(secs => $3)))
    ORDER BY status = 'running' DESC, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE operator_command AS c
SET status = 'running', taken_by = $2, heartbeat_at = now(), started_at = coalesce(c.started_at, now())
FROM next
WHERE c.id = next.id
RETURNING c.*
