-- Sets usage to what was computed under the locks of the wallets that are counted there. A lane
-- has locked the windows too; one that begins to be counted is made here.
INSERT INTO limit_window (scope, subject, currency, period, first_day, amount_minor, transfer_count)
SELECT c.scope, c.subject, c.currency, c.period, c.first_day, c.amount_minor, c.transfer_count
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::bigint[], $7::bigint[])
    AS c (scope, subject, currency, period, first_day, amount_minor, transfer_count)
ORDER BY c.scope, c.subject, c.currency, c.period, c.first_day
ON CONFLICT (scope, subject, currency, period, first_day) DO UPDATE
SET amount_minor = excluded.amount_minor,
    transfer_count = excluded.transfer_count
