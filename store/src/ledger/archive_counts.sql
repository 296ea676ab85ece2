-- Checkpoints with which other numbers of rows were archived than the archive holds now.
SELECT
    format('checkpoint %s', c.seq) AS id,
    format(
        'transfers %s, archived %s; entries %s, archived %s; postings %s, archived %s',
        c.transfer_count, held.transfers, c.entry_count, held.entries, c.posting_count, held.postings
    ) AS detail
FROM (
    SELECT *, lag(boundary, 1, '00000000-0000-0000-0000-000000000000'::uuid) OVER (ORDER BY seq) AS since
    FROM balance_checkpoint
) AS c
CROSS JOIN LATERAL (
    SELECT
        (SELECT count(*) FROM archive.transfer WHERE id >= c.since AND id < c.boundary) AS transfers,
        (SELECT count(*) FROM archive.journal_entry WHERE id >= c.since AND id < c.boundary) AS entries,
        (SELECT count(*) FROM archive.posting WHERE entry_id >= c.since AND entry_id < c.boundary) AS postings
) AS held
WHERE (held.transfers, held.entries, held.postings) <> (c.transfer_count, c.entry_count, c.posting_count)
