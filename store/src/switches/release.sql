-- Open rows that wait for a switch which is off, due from now on.
WITH RECURSIVE
-- What anybody waits for, each word once: found by jumping through the index from one word
-- to the next, so that the many who wait for a switch that is on are not read.
word (waiting_for) AS (
    (SELECT waiting_for FROM saga_open WHERE waiting_for IS NOT NULL ORDER BY waiting_for LIMIT 1)
    UNION ALL
    SELECT (
        SELECT o.waiting_for FROM saga_open AS o
        WHERE o.waiting_for > w.waiting_for
        ORDER BY o.waiting_for
        LIMIT 1
    )
    FROM word AS w
    WHERE w.waiting_for IS NOT NULL
),
over AS (
    SELECT w.waiting_for
    FROM word AS w
    WHERE w.waiting_for LIKE 'switch:%'
        AND NOT EXISTS (
            SELECT 1 FROM switch AS s
            WHERE s."on" AND w.waiting_for = concat('switch:', s.kind, ':', s.subject)
        )
),
-- So many of each. One that is locked has another keeper, or its turn in the next round.
free AS (
    SELECT o.transfer_id
    FROM over AS v
    CROSS JOIN LATERAL (
        SELECT transfer_id
        FROM saga_open
        WHERE waiting_for = v.waiting_for
        ORDER BY transfer_id
        LIMIT $1
        FOR UPDATE SKIP LOCKED
    ) AS o
)
UPDATE saga_open AS o
SET waiting_for = NULL, due_at = now(), swept_at = NULL
FROM free
WHERE o.transfer_id = free.transfer_id
RETURNING o.transfer_id, o.due_at
