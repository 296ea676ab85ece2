-- Wallets whose counters, posting number or currency do not follow from their postings.
SELECT
    coalesce(w.wallet_id, p.wallet_id)::text AS id,
    format(
        'counters %s/%s, postings %s/%s; number %s, postings %s',
        w.debits_posted, w.credits_posted, p.debits, p.credits, w.wallet_seq, p.posting_count
    ) AS detail
FROM wallet_balance AS w
FULL JOIN (
    SELECT
        wallet_id,
        coalesce(sum(amount_minor) FILTER (WHERE side = 'debit'), 0) AS debits,
        coalesce(sum(amount_minor) FILTER (WHERE side = 'credit'), 0) AS credits,
        count(*) AS posting_count,
        max(wallet_seq) AS newest,
        min(currency) AS currency,
        count(DISTINCT currency) AS currency_count
    FROM posting
    GROUP BY wallet_id
) AS p ON p.wallet_id = w.wallet_id
WHERE w.wallet_id IS NULL
    OR w.debits_posted <> coalesce(p.debits, 0)
    OR w.credits_posted <> coalesce(p.credits, 0)
    OR w.wallet_seq <> coalesce(p.posting_count, 0)
    OR w.wallet_seq <> coalesce(p.newest, 0)
    OR p.currency_count > 1
    OR p.currency <> w.currency
