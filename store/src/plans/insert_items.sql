-- The items, numbered from 1 in the order given.
INSERT INTO redrive_item (
    plan_id, position, dead_letter_id, transfer_id, fingerprint, step, undo, source_wallet_id,
    amount_minor, currency, held_minor, outlook, outlook_code
)
SELECT
    $1, c.position, c.dead_letter_id, c.transfer_id, c.fingerprint, c.step, c.undo, c.source_wallet_id,
    c.amount_minor, c.currency, c.held_minor, c.outlook, c.outlook_code
FROM unnest(
    $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::uuid[], $8::bigint[], $9::text[],
    $10::bigint[], $11::text[], $12::text[]
) WITH ORDINALITY AS c (
    dead_letter_id, transfer_id, fingerprint, step, undo, source_wallet_id, amount_minor, currency,
    held_minor, outlook, outlook_code, position
)
