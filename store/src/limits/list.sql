-- Limits, the newest first: of the owner $1, or those that concern the wallet $2, which is $3's
-- and counts $4; from $5 on, at most $6.
SELECT
    l.id, l.scope, l.subject, l.owner_id, l.currency, l.period, l.unit, l.value,
    l.reason, l.set_by, l.set_at, coalesce(o.time_zone, 'UTC') AS time_zone
FROM transfer_limit AS l
LEFT JOIN owner_setting AS o ON o.owner_id = l.owner_id
WHERE ($1::text IS NULL OR l.owner_id = $1)
    AND (
        $2::text IS NULL
        OR (l.owner_id = $3::text AND l.currency = $4::text AND (l.scope = 'owner' OR l.subject = $2))
    )
    AND ($5::uuid IS NULL OR l.id < $5)
ORDER BY l.id DESC
LIMIT $6
