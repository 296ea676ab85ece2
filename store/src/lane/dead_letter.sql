-- One dead letter for each saga that was parked by this transaction.
INSERT INTO dead_letter (
    id, transfer_id, reason, step, undo, failure_class, failure_code, failure_detail, fingerprint,
    attempt_count, source_wallet_id, destination_wallet_id, amount_minor, currency, held_minor,
    payload, correlation_id, opened_at
)
SELECT
    c.id, c.transfer_id, c.reason, c.step, c.undo, c.failure_class, c.failure_code, c.failure_detail,
    c.fingerprint, c.attempt_count, t.source_wallet_id, t.destination_wallet_id, t.amount_minor,
    t.currency, c.held_minor,
    jsonb_build_object('kind', t.kind, 'caller', t.caller, 'reference', t.reference, 'metadata', t.metadata),
    t.correlation_id, $1
FROM unnest(
    $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::integer[], $12::bigint[]
) AS c (
    id, transfer_id, reason, step, undo, failure_class, failure_code, failure_detail,
    fingerprint, attempt_count, held_minor
)
JOIN transfer AS t ON t.id = c.transfer_id
