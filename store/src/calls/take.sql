-- Takes one call: counted and leased before it is made, so that a caller that died is known.
UPDATE saga_open AS o
SET call_count = least(o.call_count + 1, 32767), due_at = now() + make_interval(secs => $2)
FROM transfer AS t
WHERE o.transfer_id = $1
    AND t.id = o.transfer_id
    AND o.waiting_for = 'call'
    AND o.due_at <= now()
    AND o.parked_reason IS NULL
RETURNING
    o.transfer_id, t.kind, o.step, o.call_count::integer AS call_count, o.source_wallet_id, o.amount_minor, o.currency,
    o.terms #>> '{payout,provider_reference}' AS provider_reference, t.reference,
    o.terms #> '{payout,beneficiary}' AS payout, o.correlation_id, o.traceparent
