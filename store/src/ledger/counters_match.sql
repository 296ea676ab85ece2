-- Wallets whose counters are not what their line in checkpoint $2 says plus the sums of their postings from $1 on.
SELECT
    coalesce(w.wallet_id, p.wallet_id, c.wallet_id)::text AS id,
    format(
        'debits %s, credits %s; from postings %s, %s; on top of %s, %s; seq %s, postings %s on top of %s',
        w.debits_posted, w.credits_posted, p.debits, p.credits, c.debits_posted, c.credits_posted,
        w.wallet_seq, p.posting_count, c.wallet_seq
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
    WHERE entry_id >= $1
    GROUP BY wallet_id
) AS p ON p.wallet_id = w.wallet_id
FULL JOIN (SELECT * FROM balance_checkpoint_line WHERE checkpoint_seq = $2) AS c
    ON c.wallet_id = w.wallet_id
WHERE w.wallet_id IS NULL
    OR w.debits_posted <> coalesce(c.debits_posted, 0) + coalesce(p.debits, 0)
    OR w.credits_posted <> coalesce(c.credits_posted, 0) + coalesce(p.credits, 0)
    OR w.wallet_seq <> coalesce(c.wallet_seq, 0) + coalesce(p.posting_count, 0)
    OR w.wallet_seq <> coalesce(p.newest, c.wallet_seq, 0)
    OR p.currency_count > 1
    OR p.currency <> w.currency
    OR c.currency <> w.currency
    OR c.last_posted_at > w.last_posted_at
    OR c.balance_minor
        <> CASE w.normal_side WHEN 'debit' THEN 1 ELSE -1 END * (c.debits_posted - c.credits_posted)
