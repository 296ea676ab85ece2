-- Locks the open row of one transfer, whatever it waits for, and reads it as it is under
-- the lock. A lane that has it just now is waited for: an operator wants an answer.
SELECT
    transfer_id, kind, source_wallet_id, destination_wallet_id, amount_minor, currency,
    correlation_id, traceparent, step, attempt, crash_count, undo_class, undo_code, undo_detail,
    hold_minor, limit_day, log_seq, terms, answer, call_count, due_at, parked_reason
FROM saga_open
WHERE transfer_id = $1
FOR UPDATE
