-- The oldest week of log $1, if it ended $2 seconds ago, and who still needs it: transfers that are not at their end, events
-- that were not sent.
SELECT
    oldest.part::text AS part,
    (SELECT count(*) FROM saga_open WHERE transfer_id >= oldest.lower AND transfer_id < oldest.upper) AS open_count,
    (SELECT count(*) FROM outbox WHERE event_id >= oldest.lower AND event_id < oldest.upper) AS unsent_count
FROM (SELECT part, lower, upper FROM weeks_of($1::text::regclass) ORDER BY lower LIMIT 1) AS oldest
WHERE uuid_v7_time(oldest.upper) <= now() - make_interval(secs => $2)
