-- Whether any limit concerns each of these wallets, whose rows are locked.
UPDATE wallet_balance AS b
SET limited = c.limited
FROM (
    SELECT
        w.id,
        EXISTS (
            SELECT 1
            FROM (VALUES ('wallet', w.id::text), ('owner', w.owner_id)) AS s (scope, subject)
            JOIN transfer_limit AS l
                ON l.scope = s.scope AND l.subject = s.subject AND l.currency = w.currency
        ) AS limited
    FROM wallet AS w
    WHERE w.id = ANY($1::uuid[])
) AS c
WHERE b.wallet_id = c.id AND b.limited <> c.limited
