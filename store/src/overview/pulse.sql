-- What was accepted and what came to its end between two ids. They begin with the time at which
-- they were made, so each part walks a short range of a primary key, whatever the tables hold.
-- The two arrays of those that settled have the same order.
SELECT
    'accepted' AS what, count(*) AS count,
    NULL::uuid[] AS transfer_ids, NULL::timestamptz[] AS told_at
FROM transfer
WHERE id >= $1 AND id < $2
UNION ALL
SELECT
    type, count(*),
    array_agg(transfer_id) FILTER (WHERE type = 'transfer.settled.v1'),
    array_agg(occurred_at) FILTER (WHERE type = 'transfer.settled.v1')
FROM event
WHERE id >= $1 AND id < $2 AND transfer_id IS NOT NULL
GROUP BY type
