-- Everything that the index has in the queue has left it by this command. What is there
-- in truth shows at the next look. SQS's own count of what it did stands if it is larger.
WITH closed AS (
    UPDATE dead_message
    SET status = $3, closed_at = now(), command_id = $1
    WHERE queue = $2 AND status = 'present'
    RETURNING message_id
)
UPDATE operator_command
SET done_count = greatest(done_count, (SELECT count(*) FROM closed))
WHERE id = $1
RETURNING done_count
