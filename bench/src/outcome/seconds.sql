-- The same for each second since $1, counted from 0.
SELECT
    floor(extract(epoch FROM updated_at - $1))::bigint AS second,
    count(*) AS settled,
    percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (
        ORDER BY (extract(epoch FROM updated_at - created_at) * 1000000)::bigint
    ) AS micros
FROM transfer
WHERE id >= uuid_v7_floor($1) AND status = 'settled'
GROUP BY second
