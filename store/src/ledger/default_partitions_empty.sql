-- Default partitions that hold rows: the partitions of their weeks were not made in time.
SELECT name AS id, 'holds rows' AS detail
FROM (
    SELECT 'transfer_default' AS name, EXISTS (SELECT 1 FROM transfer_default) AS used
    UNION ALL SELECT 'journal_entry_default', EXISTS (SELECT 1 FROM journal_entry_default)
    UNION ALL SELECT 'posting_default', EXISTS (SELECT 1 FROM posting_default)
    UNION ALL SELECT 'saga_step_default', EXISTS (SELECT 1 FROM saga_step_default)
    UNION ALL SELECT 'event_default', EXISTS (SELECT 1 FROM event_default)
) AS part
WHERE used
