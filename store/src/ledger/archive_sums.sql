-- Wallets whose archived postings do not add up to their line in checkpoint $2.
SELECT
    coalesce(c.wallet_id, p.wallet_id)::text AS id,
    format(
        'line: debits %s, credits %s, postings %s; archive: %s, %s, %s',
        c.debits_posted, c.credits_posted, c.wallet_seq, p.debits, p.credits, p.posting_count
    ) AS detail
FROM (SELECT * FROM balance_checkpoint_line WHERE checkpoint_seq = $2) AS c
FULL JOIN (
    SELECT
        wallet_id,
        coalesce(sum(amount_minor) FILTER (WHERE side = 'debit'), 0) AS debits,
        coalesce(sum(amount_minor) FILTER (WHERE side = 'credit'), 0) AS credits,
        count(*) AS posting_count
    FROM archive.posting
    GROUP BY wallet_id
) AS p ON p.wallet_id = c.wallet_id
WHERE (c.debits_posted, c.credits_posted, c.wallet_seq) IS DISTINCT FROM (p.debits, p.credits, p.posting_count)
