-- Currencies whose debits and credits differ over all wallets.
SELECT
    currency AS id,
    format('debits %s, credits %s', sum(debits_posted), sum(credits_posted)) AS detail
FROM wallet_balance
GROUP BY currency
HAVING sum(debits_posted) <> sum(credits_posted)
