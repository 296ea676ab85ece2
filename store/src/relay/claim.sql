-- The oldest unsent events that no other relay has in hand. Ids are claimed alone and
-- the log is read in a second statement, so that its partitions can be left out.
SELECT event_id FROM outbox WHERE event_id > $1 ORDER BY event_id LIMIT $2 FOR UPDATE SKIP LOCKED
