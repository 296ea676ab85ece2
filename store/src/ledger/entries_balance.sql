-- Entries from $1 up to $3 whose postings do not sum to zero in a currency, or that have none at all.
SELECT
    coalesce(e.id, p.entry_id)::text AS id,
    CASE
        WHEN e.id IS NULL THEN 'postings without an entry'
        WHEN p.entry_id IS NULL THEN 'an entry without postings'
        ELSE format('%s: debits less credits is %s', p.currency, p.difference)
    END AS detail
FROM (SELECT id FROM journal_entry WHERE id >= $1 AND id < $3) AS e
FULL JOIN (
    SELECT
        entry_id, currency,
        sum(CASE side WHEN 'debit' THEN amount_minor ELSE -amount_minor END) AS difference
    FROM posting
    WHERE entry_id >= $1 AND entry_id < $3
    GROUP BY entry_id, currency
) AS p ON p.entry_id = e.id
WHERE e.id IS NULL OR p.entry_id IS NULL OR p.difference <> 0
