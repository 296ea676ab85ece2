DROP TABLE outbox;
DROP TABLE event;
