-- Windows after the day $4 and the month that begins on $5: days that an owner in another time zone had begun already.
-- What was sent then is counted in the present ones, so all that is left there is what open transfers of the
-- wallets $6 are counted with, which may be given back.
UPDATE limit_window AS w
SET (amount_minor, transfer_count) = (
    SELECT least(coalesce(sum(o.amount_minor), 0), 9223372036854775807)::bigint, count(*)
    FROM saga_open AS o
    WHERE o.source_wallet_id = ANY($6::uuid[])
        AND o.limit_day >= w.first_day
        AND o.limit_day < w.first_day + CASE w.period WHEN 'day' THEN interval '1 day' ELSE interval '1 month' END
)
WHERE w.scope = $1 AND w.subject = $2 AND w.currency = $3
    AND w.first_day > CASE w.period WHEN 'day' THEN $4 ELSE $5 END
