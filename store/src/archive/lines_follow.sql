-- Lines of checkpoint $2 that are neither the wallet's last posting before $3 nor, where it has none there since the
-- checkpoint before, its line in that; and wallets that have lost their line.
SELECT
    coalesce(c.wallet_id, before.wallet_id)::text AS id,
    format(
        'line: seq %s, balance %s; posting: balance %s; line before: seq %s, balance %s',
        c.wallet_seq, c.balance_minor, p.balance_after_minor, before.wallet_seq, before.balance_minor
    ) AS detail
FROM (SELECT * FROM balance_checkpoint_line WHERE checkpoint_seq = $2) AS c
FULL JOIN (SELECT * FROM balance_checkpoint_line WHERE checkpoint_seq = $2 - 1) AS before
    ON before.wallet_id = c.wallet_id
LEFT JOIN posting AS p
    ON p.wallet_id = c.wallet_id AND p.wallet_seq = c.wallet_seq AND p.entry_id >= $1 AND p.entry_id < $3
WHERE c.wallet_id IS NULL
    OR (c.balance_minor, c.last_posted_at, c.currency) IS DISTINCT FROM CASE
        WHEN p.wallet_id IS NOT NULL THEN (p.balance_after_minor, p.posted_at, p.currency)
        WHEN before.wallet_seq = c.wallet_seq THEN (before.balance_minor, before.last_posted_at, before.currency)
    END
