-- Sent: the queues have said yes to these.
DELETE FROM outbox WHERE event_id = ANY($1::uuid[])
