-- A page of a wallet's statement, newest first: $1 the wallet, $2 and $3 the place before
-- which it begins, $6 how many.
-- The primary key of posting gives the order. $4 and $5 bound the entry ids, by time and
-- with a wide margin, only so that other partitions are left out.
WITH line AS MATERIALIZED (
    SELECT *
    FROM posting
    WHERE wallet_id = $1
      AND (posted_at, wallet_seq) < ($2, $3)
      AND entry_id >= $4
      AND entry_id < $5
    ORDER BY posted_at DESC, wallet_seq DESC
    LIMIT $6
)
SELECT
    line.wallet_seq, line.posted_at, line.entry_id, journal_entry.transfer_id, line.side,
    line.amount_minor, line.currency, line.balance_after_minor
FROM line
JOIN journal_entry ON journal_entry.id = line.entry_id
ORDER BY line.posted_at DESC, line.wallet_seq DESC
