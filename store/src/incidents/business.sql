-- Open dead letters by cause and currency. What belongs to a cause and not to a currency
-- stands on each of its rows.
WITH told AS MATERIALIZED (
    SELECT message_id, unnest(transfer_ids) AS transfer_id FROM dead_message WHERE status = 'present'
),
-- From the messages to the dead letters, because there are mostly fewer of them.
related AS (
    SELECT
        letter.fingerprint, count(DISTINCT letter.id) AS related_count,
        (array_agg(DISTINCT told.message_id))[1:5] AS message_ids
    FROM told
    JOIN dead_letter AS letter ON letter.transfer_id = told.transfer_id AND letter.status = 'open'
    GROUP BY letter.fingerprint
),
touched AS (
    SELECT letter.fingerprint, count(DISTINCT wallet.id) AS wallet_count
    FROM dead_letter AS letter
    CROSS JOIN LATERAL unnest(ARRAY[letter.source_wallet_id, letter.destination_wallet_id]) AS wallet (id)
    WHERE letter.status = 'open'
    GROUP BY letter.fingerprint
),
cause AS (
    SELECT
        fingerprint, currency, count(*) AS count, sum(held_minor)::text AS held_minor,
        count(*) FILTER (WHERE held_minor > 0) AS hold_count,
        min(opened_at) AS first_at, max(opened_at) AS last_at
    FROM dead_letter
    WHERE status = 'open'
    GROUP BY fingerprint, currency
)
SELECT
    cause.*, touched.wallet_count, coalesce(related.related_count, 0) AS related_count,
    coalesce(related.message_ids, '{}') AS message_ids, newest.dead_letter_ids, newest.transfer_ids
FROM cause
JOIN touched ON touched.fingerprint = cause.fingerprint
LEFT JOIN related ON related.fingerprint = cause.fingerprint
CROSS JOIN LATERAL (
    SELECT array_agg(one.id) AS dead_letter_ids, array_agg(one.transfer_id) AS transfer_ids
    FROM (
        SELECT letter.id, letter.transfer_id
        FROM dead_letter AS letter
        WHERE letter.fingerprint = cause.fingerprint AND letter.status = 'open'
        ORDER BY letter.id DESC
        LIMIT 5
    ) AS one
) AS newest
ORDER BY cause.fingerprint, cause.currency
