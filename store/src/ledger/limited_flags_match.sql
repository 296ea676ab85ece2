-- Customers' wallets whose hot row says wrongly whether limits concern them.
SELECT
    w.id::text AS id,
    format('is limited: %s, has limits: %s', b.limited, c.concerned) AS detail
FROM wallet AS w
JOIN wallet_balance AS b ON b.wallet_id = w.id
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT 1 FROM transfer_limit AS l
        WHERE l.currency = w.currency
            AND ((l.scope = 'wallet' AND l.subject = w.id::text) OR (l.scope = 'owner' AND l.subject = w.owner_id))
    ) AS concerned
) AS c
WHERE w.kind = 'customer' AND b.limited <> c.concerned
