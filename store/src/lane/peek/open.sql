-- The open rows of these transfers as claim.sql would find them, parked ones too, without a lock.
SELECT
    transfer_id, kind, source_wallet_id, destination_wallet_id, amount_minor, currency,
    step, attempt, undo_class, undo_code, undo_detail, hold_minor, limit_day, log_seq, terms, answer, call_count
FROM saga_open
WHERE transfer_id = ANY($1::uuid[])
ORDER BY transfer_id
