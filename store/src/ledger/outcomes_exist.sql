-- Transfers that are neither at their end nor in the open work, and open rows whose
-- transfer is at its end or missing.
SELECT
    coalesce(t.id, o.transfer_id)::text AS id,
    CASE
        WHEN t.id IS NULL THEN 'an open row without a transfer'
        WHEN o.transfer_id IS NULL THEN format('%s, but not in the open work', t.status)
        ELSE format('%s, but still in the open work', t.status)
    END AS detail
FROM transfer AS t
FULL JOIN saga_open AS o ON o.transfer_id = t.id
WHERE t.id IS NULL
    OR (o.transfer_id IS NULL) <> (t.status IN ('settled', 'rejected', 'failed', 'voided', 'expired'))
    OR (t.status = 'stuck') <> (o.parked_reason IS NOT NULL)
