-- One page of the log. Ids are made by the clock of a process and `occurred_at` by the
-- database's, so the bounds on ids, which prune partitions, are a minute wider.
SELECT id, type, envelope, correlation_id, traceparent
FROM event
WHERE id > $1
  AND id >= uuid_v7_floor($2 - interval '1 minute')
  AND id < uuid_v7_floor($3 + interval '1 minute')
  AND occurred_at >= $2
  AND occurred_at < $3
  AND ($4::text IS NULL OR type = $4)
ORDER BY id
LIMIT $5
