-- Live tables with rows before the newest checkpoint, at $1: nobody would check them.
SELECT name AS id, 'holds rows before the checkpoint' AS detail
FROM (
    SELECT 'transfer' AS name, EXISTS (SELECT 1 FROM transfer WHERE id < $1) AS used
    UNION ALL SELECT 'journal_entry', EXISTS (SELECT 1 FROM journal_entry WHERE id < $1)
    UNION ALL SELECT 'posting', EXISTS (SELECT 1 FROM posting WHERE entry_id < $1)
) AS part
WHERE used
