-- Makes windows that are not there, and locks those that are, by an update that changes nothing:
-- so one statement does both, in one order, and reads them as they are under the lock. Any other
-- order can deadlock with another lane that counts for the same owner.
INSERT INTO limit_window AS w (scope, subject, currency, period, first_day)
SELECT c.scope, c.subject, c.currency, c.period, c.first_day
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[])
    AS c (scope, subject, currency, period, first_day)
ORDER BY c.scope, c.subject, c.currency, c.period, c.first_day
ON CONFLICT (scope, subject, currency, period, first_day) DO UPDATE
SET transfer_count = w.transfer_count
RETURNING w.scope, w.subject, w.currency, w.period, w.first_day, w.amount_minor, w.transfer_count
