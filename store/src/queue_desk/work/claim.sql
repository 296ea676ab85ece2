-- The next command on a queue that the caller holds. What was begun comes first, whoever
-- began it: nobody else may be at it, and what waits behind it must not overtake it. A row
-- that somebody stops just now is waited for, since what is behind it is not its equal.
WITH next AS (
    SELECT id
    FROM operator_command
    WHERE queue = $1
        AND status IN ('queued', 'running')
        AND EXISTS (SELECT 1 FROM sqs_queue WHERE name = $1 AND leased_by = $2 AND leased_until > now())
    ORDER BY status = 'running' DESC, id
    LIMIT 1
    FOR UPDATE
)
UPDATE operator_command AS c
SET status = 'running', taken_by = $2, heartbeat_at = now(), started_at = coalesce(c.started_at, now())
FROM next
WHERE c.id = next.id
RETURNING c.*
