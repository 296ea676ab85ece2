-- Notices whose payouts exist, in order of ids: two batches with the same notices in another
-- order would deadlock. One that is there already stays as it came first.
WITH given AS (
    SELECT *
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]
    ) AS n (transfer_id, provider, status, reference, code, detail, raw)
),
-- A join, not a list of ids: each id is then looked for in its own partition only.
known AS (
    SELECT given.*
    FROM given
    JOIN transfer AS t ON t.id = given.transfer_id
    WHERE t.kind = 'payout'
),
written AS (
    INSERT INTO provider_notice (transfer_id, provider, status, reference, code, detail, raw)
    SELECT transfer_id, provider, status, reference, code, detail, raw
    FROM known
    ORDER BY transfer_id, provider, status
    ON CONFLICT (transfer_id, provider, status) DO NOTHING
)
SELECT DISTINCT transfer_id FROM known
