-- The usage of these windows, as far as there is any.
SELECT w.scope, w.subject, w.currency, w.period, w.first_day, w.amount_minor, w.transfer_count
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[])
    AS c (scope, subject, currency, period, first_day)
JOIN limit_window AS w
    ON w.scope = c.scope AND w.subject = c.subject AND w.currency = c.currency
    AND w.period = c.period AND w.first_day = c.first_day
