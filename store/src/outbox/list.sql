-- Events that wait, the oldest first; ids are in the order of time. One that the log has lost
-- is shown, too: it holds its row for ever.
SELECT
    waiting.event_id, event.type, event.transfer_id, event.wallet_id, event.correlation_id
FROM (SELECT event_id FROM outbox WHERE event_id > $1 ORDER BY event_id LIMIT $2) AS waiting
LEFT JOIN event ON event.id = waiting.event_id
ORDER BY waiting.event_id
