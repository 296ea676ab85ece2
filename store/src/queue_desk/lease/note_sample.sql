-- The first sample of a queue makes its row.
INSERT INTO sqs_queue AS q
    (name, source_queue, visible_count, in_flight_count, delayed_count, retention_s, sampled_at)
VALUES ($1, $2, $3, $4, $5, $6, now())
ON CONFLICT (name) DO UPDATE
SET source_queue = excluded.source_queue, visible_count = excluded.visible_count,
    in_flight_count = excluded.in_flight_count, delayed_count = excluded.delayed_count,
    retention_s = excluded.retention_s, sampled_at = excluded.sampled_at
