-- Notes events as dealt with, and returns those that were not. Another transaction that
-- notes the same event is waited for. In order of ids: two batches that hold the same
-- events in another order would deadlock.
INSERT INTO inbox (consumer, event_id)
SELECT $1, e.id
FROM unnest($2::uuid[]) AS e (id)
ORDER BY e.id
ON CONFLICT (consumer, event_id) DO NOTHING
RETURNING event_id
