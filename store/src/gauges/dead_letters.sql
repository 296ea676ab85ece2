-- Open dead letters by class of the failure, and the money that they hold by currency: two lists in one.
SELECT
    failure_class, currency, count(*) AS count,
    (extract(epoch FROM now() - min(opened_at)) * 1000)::bigint AS oldest_ms,
    sum(held_minor)::text AS held_minor
FROM dead_letter
WHERE status = 'open'
GROUP BY GROUPING SETS ((failure_class), (currency))
