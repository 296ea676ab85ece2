-- How the transfers that somebody watches stand now, and how long their timelines are. The open
-- row knows that: the step log would have to be asked partition by partition. A join, because
-- = ANY under a generic plan reads every partition.
SELECT transfer.id, transfer.status, o.log_seq
FROM unnest($1::uuid[]) AS watched (id)
JOIN transfer ON transfer.id = watched.id
LEFT JOIN saga_open AS o ON o.transfer_id = watched.id
