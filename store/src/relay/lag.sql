-- What is still to be sent. Ids are in the order of time.
SELECT count(*) AS row_count, (SELECT event_id FROM outbox ORDER BY event_id LIMIT 1) AS oldest FROM outbox
