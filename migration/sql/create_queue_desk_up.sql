-- Every queue that the desk watches, and every dead-letter queue. The row is also the
-- lease on the queue: who has it is the only one that reads or moves its messages.
CREATE TABLE sqs_queue (
    name text NOT NULL,
    source_queue text,
    visible_count bigint,
    in_flight_count bigint,
    delayed_count bigint,
    retention_s bigint,
    sampled_at timestamptz,
    leased_by uuid,
    leased_until timestamptz,
    looked_count bigint,
    looked_at timestamptz,
    CONSTRAINT sqs_queue_pkey PRIMARY KEY (name),
    CONSTRAINT sqs_queue_counts_not_negative
        CHECK (visible_count >= 0 AND in_flight_count >= 0 AND delayed_count >= 0 AND looked_count >= 0),
    CONSTRAINT sqs_queue_sample_is_whole CHECK (
        (sampled_at IS NULL) = (visible_count IS NULL) AND (sampled_at IS NULL) = (in_flight_count IS NULL)
        AND (sampled_at IS NULL) = (delayed_count IS NULL) AND (sampled_at IS NULL) = (retention_s IS NULL)),
    CONSTRAINT sqs_queue_lease_has_an_end CHECK ((leased_by IS NULL) = (leased_until IS NULL))
) WITH (fillfactor = 50);
COMMENT ON COLUMN sqs_queue.source_queue IS 'Where its messages come from and go back to; null for a queue that is no dead-letter queue.';
COMMENT ON COLUMN sqs_queue.visible_count IS 'As SQS counted it at sampled_at, which is approximate; null before the first sample, like the others.';
COMMENT ON COLUMN sqs_queue.retention_s IS 'Seconds that the queue keeps a message.';
COMMENT ON COLUMN sqs_queue.leased_until IS 'Until then nobody else works on it; renewed every second while that one lives.';
COMMENT ON COLUMN sqs_queue.looked_count IS 'Messages that were visible when it was last read; null before the first time.';

-- The index of every dead-letter queue: what is in it, readable without a receive, and
-- what was. Joined to the ledger by transfer_ids.
CREATE TABLE dead_message (
    message_id text NOT NULL,
    queue text NOT NULL,
    body text NOT NULL,
    attributes jsonb NOT NULL,
    transfer_ids uuid[] NOT NULL,
    event_ids uuid[] NOT NULL,
    reason text NOT NULL,
    fingerprint text NOT NULL,
    source_arn text,
    receive_count integer NOT NULL,
    sent_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    status text NOT NULL DEFAULT 'present',
    closed_at timestamptz,
    command_id uuid,
    CONSTRAINT dead_message_pkey PRIMARY KEY (message_id, queue),
    CONSTRAINT dead_message_status_is_known CHECK (status IN ('present', 'redriven', 'purged', 'gone')),
    CONSTRAINT dead_message_closed_when_not_present CHECK ((status = 'present') = (closed_at IS NULL)),
    CONSTRAINT dead_message_receive_count_not_negative CHECK (receive_count >= 0)
);
CREATE INDEX dead_message_transfer_ids_idx ON dead_message USING gin (transfer_ids);
CREATE INDEX dead_message_queue_status_idx ON dead_message (queue, status);
CREATE INDEX dead_message_first_seen_at_idx ON dead_message (first_seen_at, message_id);
COMMENT ON COLUMN dead_message.message_id IS 'As SQS names it in this queue. What a consumer put there has another one than it had in its source.';
COMMENT ON COLUMN dead_message.transfer_ids IS 'data.transfer_id of the envelopes in its body; empty when it cannot be read.';
COMMENT ON COLUMN dead_message.reason IS 'What the consumer said that put it there, or receive_count_exceeded when SQS did.';
COMMENT ON COLUMN dead_message.fingerprint IS 'Same cause, same text.';
COMMENT ON COLUMN dead_message.source_arn IS 'The queue that SQS took it from; null when a consumer put it there, and a move task would not know the way back.';
COMMENT ON COLUMN dead_message.sent_at IS 'On a standard queue when it was first sent, not when it came here.';
COMMENT ON COLUMN dead_message.expires_at IS 'When SQS throws it away: sent_at and the retention of the queue.';
COMMENT ON COLUMN dead_message.closed_at IS 'When it left the queue as far as we know; null while present.';
COMMENT ON COLUMN dead_message.command_id IS 'The last command that sent it back or purged it; null when none did.';

-- What operators want done to a queue. The desk does it and reports here.
CREATE TABLE operator_command (
    id uuid NOT NULL,
    kind text NOT NULL,
    queue text NOT NULL,
    arguments jsonb NOT NULL,
    status text NOT NULL DEFAULT 'queued',
    done_count bigint NOT NULL DEFAULT 0,
    total_count bigint,
    detail text,
    task_handle text,
    requested_by text NOT NULL,
    role text NOT NULL,
    reason text NOT NULL,
    idempotency_key text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    stop_requested_at timestamptz,
    taken_by uuid,
    heartbeat_at timestamptz,
    CONSTRAINT operator_command_pkey PRIMARY KEY (id),
    CONSTRAINT operator_command_kind_is_known CHECK (kind IN ('redrive_queue', 'redrive_messages', 'purge_queue')),
    CONSTRAINT operator_command_status_is_known CHECK (status IN ('queued', 'running', 'done', 'failed', 'stopped')),
    CONSTRAINT operator_command_finished_at_its_end
        CHECK ((finished_at IS NULL) = (status IN ('queued', 'running'))),
    CONSTRAINT operator_command_runs_since CHECK (status <> 'running' OR started_at IS NOT NULL),
    CONSTRAINT operator_command_counts_not_negative CHECK (done_count >= 0 AND total_count >= 0),
    CONSTRAINT operator_command_role_is_known CHECK (role IN ('viewer', 'operator', 'approver'))
);
-- Asked again while it is open, it is the same command.
CREATE UNIQUE INDEX operator_command_open_key ON operator_command (kind, queue, md5(arguments::text))
    WHERE status IN ('queued', 'running');
CREATE UNIQUE INDEX operator_command_requested_by_idempotency_key_key
    ON operator_command (requested_by, idempotency_key) WHERE idempotency_key IS NOT NULL;
COMMENT ON COLUMN operator_command.arguments IS 'The message ids of redrive_messages, sorted; an empty object for the others.';
COMMENT ON COLUMN operator_command.done_count IS 'Messages dealt with; each counts once, whoever had to begin again.';
COMMENT ON COLUMN operator_command.total_count IS 'Messages to deal with as counted at its start; null before.';
COMMENT ON COLUMN operator_command.detail IS 'What a person should know about how it goes or went; null when there is nothing to say.';
COMMENT ON COLUMN operator_command.task_handle IS 'The message move task of SQS that does it; null when it is done by hand.';
COMMENT ON COLUMN operator_command.heartbeat_at IS 'Last sign of life of the process that does it; a stale one lets another take it up.';
