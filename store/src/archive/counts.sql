-- What is archived with checkpoint $1, and what its lines add up to. Sums as text: they may pass 64 bits.
SELECT
    (SELECT count(*) FROM transfer WHERE id < $2) AS transfer_count,
    (SELECT count(*) FROM journal_entry WHERE id < $2) AS entry_count,
    (SELECT count(*) FROM posting WHERE entry_id < $2) AS posting_count,
    (
        SELECT coalesce(jsonb_object_agg(currency, jsonb_build_object('debits', debits, 'credits', credits)), '{}')::text
        FROM (
            SELECT currency, sum(debits_posted)::text AS debits, sum(credits_posted)::text AS credits
            FROM balance_checkpoint_line
            WHERE checkpoint_seq = $1
            GROUP BY currency
        ) AS total
    ) AS totals
