-- Notices that have come about payouts which are at another end.
SELECT n.transfer_id, n.status AS told, t.status AS ended
FROM provider_notice AS n
CROSS JOIN LATERAL (
    SELECT status FROM transfer WHERE id = n.transfer_id
    UNION ALL SELECT status FROM archive.transfer WHERE id = n.transfer_id
    LIMIT 1
) AS t
WHERE n.transfer_id = ANY($1::uuid[])
    AND n.applied_at IS NULL
    AND (n.status = 'paid') <> (t.status = 'settled')
