-- Postings from $1 up to $3 whose running balance or time does not follow from the one before in the wallet. The first of
-- a wallet follows from its line in checkpoint $2.
SELECT wallet_id::text AS id, format('posting %s', wallet_seq) AS detail
FROM (
    SELECT
        p.wallet_id, p.wallet_seq, p.posted_at, p.balance_after_minor,
        p.balance_after_minor
            - CASE WHEN p.side = w.normal_side THEN p.amount_minor ELSE -p.amount_minor END AS balance_before,
        coalesce(lag(p.balance_after_minor) OVER by_seq, c.balance_minor, 0) AS previous_balance,
        coalesce(lag(p.posted_at) OVER by_seq, c.last_posted_at, p.posted_at) AS previous_at,
        coalesce(lag(p.wallet_seq) OVER by_seq, c.wallet_seq, 0) AS previous_seq
    FROM posting AS p
    JOIN wallet_balance AS w ON w.wallet_id = p.wallet_id
    LEFT JOIN balance_checkpoint_line AS c ON c.checkpoint_seq = $2 AND c.wallet_id = p.wallet_id
    WHERE p.entry_id >= $1 AND p.entry_id < $3
    WINDOW by_seq AS (PARTITION BY p.wallet_id ORDER BY p.wallet_seq)
) AS line
WHERE balance_before <> previous_balance
    OR posted_at < previous_at
    OR wallet_seq <> previous_seq + 1
