-- Sent items whose transfers have come to an end, or are stuck again: then the open dead
-- letter is a new one, because that of the item was closed when it was sent. Each transfer
-- is looked up by its id, so that a plan never reads a partition from end to end.
WITH under_way AS (
    SELECT position, transfer_id
    FROM redrive_item
    WHERE plan_id = $1 AND status = 'dispatched'
),
ended AS (
    SELECT u.position, t.status, t.failure_code, d.fingerprint
    FROM under_way AS u
    CROSS JOIN LATERAL (
        SELECT status, failure_code FROM transfer WHERE id = u.transfer_id
        -- Only when it is not live: nobody followed the plan for weeks.
        UNION ALL SELECT status, failure_code FROM archive.transfer WHERE id = u.transfer_id
        LIMIT 1
    ) AS t
    LEFT JOIN LATERAL (
        SELECT fingerprint FROM dead_letter
        WHERE transfer_id = u.transfer_id AND status = 'open'
        LIMIT 1
    ) AS d ON true
    WHERE t.status NOT IN ('accepted', 'held')
    ORDER BY u.position
    LIMIT $2
)
UPDATE redrive_item AS i
SET status = CASE e.status
        WHEN 'settled' THEN 'settled' WHEN 'rejected' THEN 'rejected' WHEN 'stuck' THEN 'dead_again'
        ELSE 'failed' END,
    outcome_code = coalesce(e.fingerprint, e.failure_code),
    ended_at = clock_timestamp()
FROM ended AS e
WHERE i.plan_id = $1 AND i.position = e.position
