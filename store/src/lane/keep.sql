-- Sagas that are not at their end: at a durable boundary, waiting for a retry or for somebody
-- outside, paused, or parked.
-- They have come this far without killing their process, so the crash count starts again.
UPDATE saga_open AS o
SET source_wallet_id = c.source_wallet_id,
    step = c.step,
    attempt = c.attempt,
    crash_count = 0,
    undo = c.undo_class IS NOT NULL,
    undo_class = c.undo_class,
    undo_code = c.undo_code,
    undo_detail = c.undo_detail,
    hold_minor = c.hold_minor,
    log_seq = c.log_seq,
    due_at = c.due_at,
    parked_reason = c.parked_reason,
    waiting_for = c.waiting_for,
    terms = c.terms,
    answer = c.answer,
    call_count = CASE WHEN o.step = c.step THEN o.call_count ELSE 0 END,
    limit_day = c.limit_day
FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[],
    $8::bigint[], $9::smallint[], $10::timestamptz[], $11::text[], $12::text[], $13::jsonb[], $14::jsonb[],
    $15::date[]
) AS c (
    transfer_id, source_wallet_id, step, attempt, undo_class, undo_code, undo_detail,
    hold_minor, log_seq, due_at, parked_reason, waiting_for, terms, answer, limit_day
)
WHERE o.transfer_id = c.transfer_id
