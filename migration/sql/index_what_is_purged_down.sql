DROP INDEX idempotency_key_created_at_idx;
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key USING brin (created_at);
DROP INDEX provider_notice_received_at_idx;
CREATE INDEX provider_notice_received_at_idx ON provider_notice
    USING brin (received_at) WITH (autosummarize = on);
CREATE INDEX inbox_handled_at_idx ON inbox USING brin (handled_at) WITH (autosummarize = on);
