-- A lease on the call that a transfer waits for. Counted before the call is made.
UPDATE saga_open
SET call_count = least(call_count + 1, 32767), due_at = now() + make_interval(secs => $2)
WHERE transfer_id = $1 AND waiting_for = 'call' AND parked_reason IS NULL AND due_at <= now()
RETURNING
    kind, step, call_count, source_wallet_id, destination_wallet_id, amount_minor, currency, terms,
    correlation_id
