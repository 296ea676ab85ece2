-- Sums by currency. numeric, because a sum over many wallets may pass 64 bits.
SELECT
    currency, count(*), sum(debits_posted)::text, sum(credits_posted)::text,
    sum(debits_pending + credits_pending)::text
FROM wallet_balance
GROUP BY currency
ORDER BY currency
