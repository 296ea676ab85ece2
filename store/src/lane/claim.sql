-- Locks the open rows of these transfers and reads what a lane needs of them, in id order.
-- A row that another lane holds is skipped: its transfer is being advanced there.
-- Whether a row may run is asked in the output, not in WHERE: there it would match the
-- partial index on due_at, and a plan made while the table was empty would then read
-- the whole backlog for every group.
SELECT
    transfer_id, kind, source_wallet_id, destination_wallet_id, amount_minor, currency,
    correlation_id, traceparent, step, attempt, crash_count, undo_class, undo_code, undo_detail,
    hold_minor, limit_day, log_seq, terms, answer, call_count,
    due_at <= clock_timestamp() AND waiting_for IS NULL AND parked_reason IS NULL AS runnable
FROM saga_open
WHERE transfer_id = ANY($1::uuid[])
ORDER BY transfer_id
FOR UPDATE SKIP LOCKED
