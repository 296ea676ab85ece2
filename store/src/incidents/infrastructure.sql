-- Messages in dead-letter queues by queue and cause, with what the ledger knows of their transfers.
WITH present AS MATERIALIZED (
    SELECT message_id, queue, fingerprint, reason, transfer_ids, sent_at, expires_at, first_seen_at
    FROM dead_message
    WHERE status = 'present'
),
told AS MATERIALIZED (
    SELECT present.queue, present.fingerprint, present.message_id, transfer.id AS transfer_id
    FROM present
    CROSS JOIN LATERAL unnest(present.transfer_ids) AS transfer (id)
),
-- Several messages may tell of one transfer.
known AS MATERIALIZED (
    SELECT DISTINCT queue, fingerprint, transfer_id FROM told
),
touched AS (
    SELECT known.queue, known.fingerprint, count(DISTINCT wallet.id) AS wallet_count
    FROM known
    -- The limit keeps the plan from reading all transfers to find these few by their keys.
    CROSS JOIN LATERAL (
        SELECT source_wallet_id, destination_wallet_id FROM transfer WHERE id = known.transfer_id LIMIT 1
    ) AS ends
    CROSS JOIN LATERAL unnest(ARRAY[ends.source_wallet_id, ends.destination_wallet_id]) AS wallet (id)
    GROUP BY known.queue, known.fingerprint
),
related AS (
    SELECT
        told.queue, told.fingerprint, count(DISTINCT told.message_id) AS related_count,
        (array_agg(DISTINCT letter.id ORDER BY letter.id DESC))[1:5] AS dead_letter_ids
    FROM told
    JOIN dead_letter AS letter ON letter.transfer_id = told.transfer_id AND letter.status = 'open'
    GROUP BY told.queue, told.fingerprint
),
holding AS (
    SELECT
        known.queue, known.fingerprint, open.currency,
        sum(open.hold_minor)::text AS held_minor, count(*) AS hold_count
    FROM known
    JOIN saga_open AS open ON open.transfer_id = known.transfer_id AND open.hold_minor > 0
    GROUP BY known.queue, known.fingerprint, open.currency
),
held AS (
    SELECT
        queue, fingerprint, array_agg(currency ORDER BY currency) AS currencies,
        array_agg(held_minor ORDER BY currency) AS held_minors,
        array_agg(hold_count ORDER BY currency) AS hold_counts
    FROM holding
    GROUP BY queue, fingerprint
),
cause AS (
    SELECT
        queue, fingerprint, min(reason) AS reason, count(*) AS count, min(sent_at) AS first_at,
        max(first_seen_at) AS last_at, min(expires_at) AS expires_at
    FROM present
    GROUP BY queue, fingerprint
)
SELECT
    cause.*, coalesce(touched.wallet_count, 0) AS wallet_count,
    coalesce(related.related_count, 0) AS related_count,
    coalesce(related.dead_letter_ids, '{}') AS dead_letter_ids,
    coalesce(held.currencies, '{}') AS currencies, coalesce(held.held_minors, '{}') AS held_minors,
    coalesce(held.hold_counts, '{}') AS hold_counts,
    ARRAY(
        SELECT present.message_id
        FROM present
        WHERE present.queue = cause.queue AND present.fingerprint = cause.fingerprint
        ORDER BY present.first_seen_at DESC, present.message_id DESC
        LIMIT 5
    ) AS message_ids,
    ARRAY(
        SELECT known.transfer_id
        FROM known
        WHERE known.queue = cause.queue AND known.fingerprint = cause.fingerprint
        ORDER BY known.transfer_id DESC
        LIMIT 5
    ) AS transfer_ids
FROM cause
LEFT JOIN touched ON touched.queue = cause.queue AND touched.fingerprint = cause.fingerprint
LEFT JOIN related ON related.queue = cause.queue AND related.fingerprint = cause.fingerprint
LEFT JOIN held ON held.queue = cause.queue AND held.fingerprint = cause.fingerprint
ORDER BY cause.queue, cause.fingerprint
