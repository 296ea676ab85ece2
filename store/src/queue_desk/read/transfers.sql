-- Joined by their ids, so that each partition is asked by its key.
SELECT wanted.id, coalesce(t.status, a.status) AS status, d.id AS dead_letter_id
FROM unnest($1::uuid[]) AS wanted (id)
LEFT JOIN transfer AS t ON t.id = wanted.id
LEFT JOIN archive.transfer AS a ON a.id = wanted.id
LEFT JOIN dead_letter AS d ON d.transfer_id = wanted.id AND d.status = 'open'
ORDER BY wanted.id
