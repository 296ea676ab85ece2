-- Settled transfers without exactly one entry and one event, and entries and settled
-- events whose transfer is not settled.
SELECT
    coalesce(t.id, e.transfer_id, v.transfer_id)::text AS id,
    format(
        'status %s, entries %s, settled events %s',
        coalesce(t.status, 'none'), coalesce(e.entry_count, 0), coalesce(v.event_count, 0)
    ) AS detail
FROM (SELECT id, status, resolution FROM transfer) AS t
FULL JOIN (
    SELECT transfer_id, count(*) AS entry_count FROM journal_entry GROUP BY transfer_id
) AS e ON e.transfer_id = t.id
FULL JOIN (
    SELECT transfer_id, count(*) AS event_count
    FROM event
    WHERE type = 'transfer.settled.v1'
    GROUP BY transfer_id
) AS v ON v.transfer_id = coalesce(t.id, e.transfer_id)
WHERE coalesce(e.entry_count, 0)
        <> CASE WHEN t.status = 'settled' AND t.resolution IS NULL THEN 1 ELSE 0 END
    OR coalesce(v.event_count, 0) <> CASE WHEN t.status = 'settled' THEN 1 ELSE 0 END
