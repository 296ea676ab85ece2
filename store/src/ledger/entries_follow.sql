-- Entries from $1 up to $3 that do not move what their transfer says: one debit of its source and one credit of its
-- destination, of its amount or what was captured of it. An import may fund many wallets by one deposit, so its credits
-- have to add up to it. One whose transfer is beyond the cut is told of elsewhere.
SELECT
    p.entry_id::text AS id,
    format(
        'transfer %s moves %s %s from %s to %s, its entry %s from %s and %s to %s',
        t.id, t.moved_minor, t.currency, t.source_wallet_id, t.destination_wallet_id,
        p.debits, p.debited, p.credits, p.credited
    ) AS detail
FROM (
    SELECT
        entry_id,
        array_agg(wallet_id) FILTER (WHERE side = 'debit') AS debited,
        array_agg(wallet_id) FILTER (WHERE side = 'credit') AS credited,
        array_agg(amount_minor::bigint) FILTER (WHERE side = 'debit') AS debits,
        array_agg(amount_minor::bigint) FILTER (WHERE side = 'credit') AS credits,
        array_agg(DISTINCT currency::text) AS currencies
    FROM posting
    WHERE entry_id >= $1 AND entry_id < $3
    GROUP BY entry_id
) AS p
JOIN (SELECT id, transfer_id FROM journal_entry WHERE id >= $1 AND id < $3) AS e ON e.id = p.entry_id
JOIN (
    SELECT
        id, kind, entry_id, source_wallet_id, destination_wallet_id, currency,
        coalesce((terms #>> '{hold,captured_minor}')::bigint, amount_minor::bigint) AS moved_minor
    FROM transfer
) AS t ON t.id = e.transfer_id
WHERE t.entry_id IS DISTINCT FROM e.id
    OR p.debited IS DISTINCT FROM ARRAY[t.source_wallet_id]
    OR p.debits IS DISTINCT FROM ARRAY[t.moved_minor]
    OR CASE
        WHEN t.kind = 'deposit' THEN
            (t.destination_wallet_id = ANY(p.credited)) IS NOT TRUE
            OR (SELECT sum(credit) FROM unnest(p.credits) AS credit) IS DISTINCT FROM t.moved_minor
        ELSE
            p.credited IS DISTINCT FROM ARRAY[t.destination_wallet_id]
            OR p.credits IS DISTINCT FROM ARRAY[t.moved_minor]
    END
    OR p.currencies IS DISTINCT FROM ARRAY[t.currency::text]
