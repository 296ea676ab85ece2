-- All limits of these wallets, their own and their owners' in their currency, wallet by wallet.
SELECT
    w.id AS wallet_id, l.scope, l.subject, l.currency, l.period, l.unit, l.value,
    coalesce(o.time_zone, 'UTC') AS time_zone
FROM unnest($1::uuid[]) AS asked (id)
JOIN wallet AS w ON w.id = asked.id
CROSS JOIN LATERAL (VALUES ('wallet', w.id::text), ('owner', w.owner_id)) AS s (scope, subject)
JOIN transfer_limit AS l ON l.scope = s.scope AND l.subject = s.subject AND l.currency = w.currency
LEFT JOIN owner_setting AS o ON o.owner_id = w.owner_id
ORDER BY w.id
