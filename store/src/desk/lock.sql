-- The parked saga behind an open dead letter, locked: its open row is the transfer's lock.
SELECT
    o.transfer_id, o.kind, o.terms, o.step, o.call_count, o.hold_minor, o.parked_reason, o.undo_class, o.undo_code, o.undo_detail,
    d.failure_class, d.failure_code, d.failure_detail
FROM dead_letter AS d
JOIN saga_open AS o ON o.transfer_id = d.transfer_id
WHERE d.id = $1 AND d.status = 'open' AND o.parked_reason IS NOT NULL
FOR UPDATE OF o, d
