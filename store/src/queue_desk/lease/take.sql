-- The queue, unless another process has it and is alive. Two that ask at once meet at
-- the row's lock, and the second one sees what the first has written.
WITH leased AS (
    INSERT INTO sqs_queue AS q (name, source_queue, leased_by, leased_until)
    VALUES ($1, $2, $3, now() + make_interval(secs => $4))
    ON CONFLICT (name) DO UPDATE
    SET source_queue = excluded.source_queue, leased_by = excluded.leased_by, leased_until = excluded.leased_until
    WHERE q.leased_by IS NULL OR q.leased_by = excluded.leased_by OR q.leased_until < now()
    RETURNING name
),
-- A sign of life for what the holder is at.
alive AS (
    UPDATE operator_command
    SET heartbeat_at = now()
    WHERE queue = $1 AND status = 'running' AND taken_by = $3 AND EXISTS (SELECT 1 FROM leased)
)
SELECT EXISTS (SELECT 1 FROM leased)
