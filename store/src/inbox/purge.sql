-- The BRIN index on handled_at finds the old rows. 30 days: a queue keeps a message for 14
-- at most. What comes again later (a replay of the log) is told by other means:
-- `store::audit` looks into the chain, `store::metrics` does not count what is that old.
DELETE FROM inbox
WHERE (consumer, event_id) IN (
    SELECT consumer, event_id
    FROM inbox
    WHERE handled_at < now() - interval '30 days'
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
