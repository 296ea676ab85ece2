-- The lines of checkpoint $1: those of the one before, plus the postings before $2, which are still live.
INSERT INTO balance_checkpoint_line (
    checkpoint_seq, wallet_id, currency, debits_posted, credits_posted, balance_minor, wallet_seq, last_posted_at
)
SELECT
    $1, line.wallet_id, line.currency, line.debits, line.credits,
    CASE w.normal_side WHEN 'debit' THEN line.debits - line.credits ELSE line.credits - line.debits END,
    line.wallet_seq, line.last_posted_at
FROM (
    SELECT
        wallet_id,
        coalesce(c.currency, p.currency) AS currency,
        (coalesce(c.debits_posted, 0) + coalesce(p.debits, 0))::bigint AS debits,
        (coalesce(c.credits_posted, 0) + coalesce(p.credits, 0))::bigint AS credits,
        coalesce(c.wallet_seq, 0) + coalesce(p.posting_count, 0) AS wallet_seq,
        coalesce(p.newest, c.last_posted_at) AS last_posted_at
    FROM (SELECT * FROM balance_checkpoint_line WHERE checkpoint_seq = $1 - 1) AS c
    FULL JOIN (
        SELECT
            wallet_id,
            min(currency) AS currency,
            sum(amount_minor) FILTER (WHERE side = 'debit') AS debits,
            sum(amount_minor) FILTER (WHERE side = 'credit') AS credits,
            count(*) AS posting_count,
            max(posted_at) AS newest
        FROM posting
        WHERE entry_id < $2
        GROUP BY wallet_id
    ) AS p USING (wallet_id)
) AS line
-- A wallet without its row is found by the rules, which name it.
LEFT JOIN wallet_balance AS w ON w.wallet_id = line.wallet_id
