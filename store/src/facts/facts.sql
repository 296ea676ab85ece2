-- What never changes about the wallets in question.
SELECT wallet.id, wallet.currency, wallet.kind, wallet.owner_id
FROM unnest($1::uuid[]) AS asked (id)
JOIN wallet ON wallet.id = asked.id
