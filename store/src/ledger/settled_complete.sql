-- Settled transfers from $1 up to $3 without exactly one entry and one event, and entries and settled events of that range
-- whose transfer is not settled.
SELECT
    id::text AS id,
    format(
        'status %s, entries %s, settled events %s', coalesce(status, 'none'), entry_count, event_count
    ) AS detail
FROM (
    SELECT
        coalesce(t.id, e.transfer_id, v.transfer_id) AS id, t.kind, t.status, t.resolution, t.updated_at,
        coalesce(e.entry_count, 0) AS entry_count,
        coalesce(v.event_count, 0) AS event_count
    FROM (SELECT id, kind, status, resolution, updated_at FROM transfer WHERE id >= $1 AND id < $3) AS t
    FULL JOIN (
        SELECT transfer_id, count(*) AS entry_count
        FROM journal_entry
        WHERE id >= $1 AND id < $3
        GROUP BY transfer_id
    ) AS e ON e.transfer_id = t.id
    FULL JOIN (
        SELECT transfer_id, count(*) AS event_count
        FROM event
        WHERE type = 'transfer.settled.v1' AND transfer_id >= $1 AND transfer_id < $3
        GROUP BY transfer_id
    ) AS v ON v.transfer_id = coalesce(t.id, e.transfer_id)
    WHERE coalesce(e.entry_count, 0)
            <> CASE WHEN t.status = 'settled' AND (t.resolution IS NULL OR t.kind = 'payout') THEN 1 ELSE 0 END
        OR coalesce(v.event_count, 0) <> CASE WHEN t.status = 'settled' THEN 1 ELSE 0 END
) AS odd
-- Transfers and their entries have ids of different instants, so a range cuts some apart. Then the other half must be
-- beyond the cut, in the live tables or in the archive. Scalar subqueries, because they look up and never scan.
WHERE NOT CASE
        WHEN entry_count = CASE WHEN status = 'settled' AND (resolution IS NULL OR kind = 'payout') THEN 1 ELSE 0 END THEN true
        WHEN status = 'settled' AND entry_count = 0 THEN coalesce(
            (
                SELECT t.entry_id < $1 OR t.entry_id >= $3
                FROM transfer AS t
                JOIN (
                    SELECT id, transfer_id FROM journal_entry
                    UNION ALL SELECT id, transfer_id FROM archive.journal_entry
                ) AS e ON e.id = t.entry_id
                WHERE t.id = odd.id AND e.transfer_id = t.id
                LIMIT 1
            ),
            false)
        WHEN status IS NULL AND entry_count = 1 AND (id < $1 OR id >= $3) THEN coalesce(
            (
                SELECT true
                FROM (
                    SELECT id, status, entry_id FROM transfer
                    UNION ALL SELECT id, status, entry_id FROM archive.transfer
                ) AS t
                JOIN journal_entry AS e ON e.id = t.entry_id
                WHERE t.id = odd.id AND e.transfer_id = t.id AND t.status = 'settled' AND e.id >= $1 AND e.id < $3
                LIMIT 1
            ),
            false)
        ELSE false
    END
    -- A transfer that was settled before the oldest week of events that is kept, or within a day of its beginning, because
    -- clocks differ, may have lost its event.
    OR NOT (
        event_count = CASE WHEN status = 'settled' THEN 1 ELSE 0 END
        OR event_count = 0
            AND coalesce(updated_at < (SELECT events_kept_since() + interval '1 day'), false)
    )
