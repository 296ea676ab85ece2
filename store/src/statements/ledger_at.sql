-- The wallet's last posting up to an instant: one descent of the primary key in each
-- partition that the bounds $3 and $4 on the entry id leave. Archived postings are older
-- than all live ones of the wallet, and are looked at only when none of those is found.
SELECT coalesce(
    (
        SELECT balance_after_minor
        FROM posting
        WHERE wallet_id = $1
          AND posted_at <= $2
          AND entry_id >= $3
          AND entry_id < $4
        ORDER BY posted_at DESC, wallet_seq DESC
        LIMIT 1
    ),
    (
        SELECT balance_after_minor
        FROM archive.posting
        WHERE wallet_id = $1
          AND posted_at <= $2
          AND entry_id >= $3
          AND entry_id < $4
        ORDER BY posted_at DESC, wallet_seq DESC
        LIMIT 1
    )
)
