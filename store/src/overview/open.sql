-- All open work by where it stands. Reads the whole table, which holds only what is open.
SELECT
    step, undo, currency,
    count(*) FILTER (WHERE parked_reason IS NULL AND waiting_for IS NULL AND due_at <= now()) AS runnable,
    count(*) FILTER (WHERE parked_reason IS NULL AND waiting_for IS NULL AND due_at > now()) AS retrying,
    count(*) FILTER (WHERE parked_reason IS NULL AND waiting_for LIKE 'switch:%') AS paused,
    count(*) FILTER (WHERE parked_reason IS NULL AND waiting_for NOT LIKE 'switch:%') AS waiting,
    count(*) FILTER (WHERE parked_reason IS NOT NULL) AS parked,
    count(*) FILTER (WHERE hold_minor > 0) AS hold_count,
    sum(hold_minor)::text AS held_minor
FROM saga_open
GROUP BY step, undo, currency
ORDER BY step, undo, currency
