-- How the transfers that somebody waits for stand now. A join, because = ANY under a
-- generic plan reads every partition.
SELECT transfer.id, transfer.status
FROM unnest($1::uuid[]) AS awaited (id)
JOIN transfer ON transfer.id = awaited.id
