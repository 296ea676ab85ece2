-- Transfers settled between $2 and $3, of those begun at $1 or later, and the microseconds from the begin of the
-- transaction that accepted them to the clock under the locks of the one that settled them.
SELECT
    count(*) AS settled,
    percentile_disc(ARRAY[0.5, 0.9, 0.99, 0.999, 1]) WITHIN GROUP (
        ORDER BY (extract(epoch FROM updated_at - created_at) * 1000000)::bigint
    ) AS micros
FROM transfer
WHERE id >= uuid_v7_floor($1) AND status = 'settled' AND updated_at >= $2 AND updated_at < $3
