-- The events of a claim. The bounds let the plan leave out partitions before it starts.
SELECT e.id, e.type, e.envelope, e.correlation_id, e.traceparent
FROM unnest($1::uuid[]) AS c (id)
JOIN event AS e ON e.id = c.id AND e.id BETWEEN $2 AND $3
ORDER BY e.id
