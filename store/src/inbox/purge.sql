-- Old rows from the low end of the primary key: the id of an event has its time in it, and none below $3 is younger than 30
-- days. 30 days: a queue keeps a message for 14 at most. What comes again later (a replay of the log) is told by other
-- means: `store::audit` looks into the chain, `store::metrics` does not count what is that old.
DELETE FROM inbox
WHERE consumer = $2
    AND event_id IN (
        SELECT event_id
        FROM inbox
        WHERE consumer = $2 AND event_id < $3 AND handled_at < now() - interval '30 days'
        ORDER BY event_id
        LIMIT $1
        FOR UPDATE SKIP LOCKED
    )
