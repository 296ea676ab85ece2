-- Wallets whose pending debits are not the sum of the holds of their open sagas.
SELECT
    coalesce(w.wallet_id, o.wallet_id)::text AS id,
    format('pending %s, open holds %s', coalesce(w.debits_pending, 0), coalesce(o.held, 0)) AS detail
FROM wallet_balance AS w
FULL JOIN (
    SELECT source_wallet_id AS wallet_id, sum(hold_minor) AS held
    FROM saga_open
    WHERE hold_minor > 0
    GROUP BY source_wallet_id
) AS o ON o.wallet_id = w.wallet_id
WHERE coalesce(w.debits_pending, 0) <> coalesce(o.held, 0)
