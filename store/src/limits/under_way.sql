-- What open transfers of these wallets are counted with: on the day $2, and from $3, the first
-- day of its month, on. Reads the open work, which no index has by wallet: it is small, and few ask.
SELECT
    count(*) FILTER (WHERE limit_day = $2) AS day_count,
    least(coalesce(sum(amount_minor) FILTER (WHERE limit_day = $2), 0), 9223372036854775807)::bigint AS day_minor,
    count(*) AS month_count,
    least(coalesce(sum(amount_minor), 0), 9223372036854775807)::bigint AS month_minor
FROM saga_open
WHERE source_wallet_id = ANY($1::uuid[]) AND limit_day >= $3
