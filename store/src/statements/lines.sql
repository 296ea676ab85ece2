-- A page of a wallet's statement, newest first: $1 the wallet, $2 and $3 the place before
-- which it begins, $6 how many.
-- The primary key of posting gives the order. $4 and $5 bound the entry ids, by time and
-- with a wide margin, only so that other partitions are left out.
WITH live AS MATERIALIZED (
    SELECT *
    FROM posting
    WHERE wallet_id = $1
      AND (posted_at, wallet_seq) < ($2, $3)
      AND entry_id >= $4
      AND entry_id < $5
    ORDER BY posted_at DESC, wallet_seq DESC
    LIMIT $6
),
-- Older than all of `live`. Nothing is read for a limit of zero.
archived AS MATERIALIZED (
    SELECT *
    FROM archive.posting
    WHERE wallet_id = $1
      AND (posted_at, wallet_seq) < ($2, $3)
      AND entry_id >= $4
      AND entry_id < $5
    ORDER BY posted_at DESC, wallet_seq DESC
    LIMIT $6 - (SELECT count(*) FROM live)
)
SELECT
    live.wallet_seq, live.posted_at, live.entry_id, e.transfer_id, live.side,
    live.amount_minor, live.currency, live.balance_after_minor
FROM live
JOIN journal_entry AS e ON e.id = live.entry_id
UNION ALL
SELECT
    archived.wallet_seq, archived.posted_at, archived.entry_id, e.transfer_id, archived.side,
    archived.amount_minor, archived.currency, archived.balance_after_minor
FROM archived
JOIN archive.journal_entry AS e ON e.id = archived.entry_id
ORDER BY posted_at DESC, wallet_seq DESC
