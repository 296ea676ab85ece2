-- One limit, with the time of the reading.
SELECT
    l.id, l.scope, l.subject, l.owner_id, l.currency, l.period, l.unit, l.value,
    l.reason, l.set_by, l.set_at, coalesce(o.time_zone, 'UTC') AS time_zone,
    clock_timestamp() AS at
FROM transfer_limit AS l
LEFT JOIN owner_setting AS o ON o.owner_id = l.owner_id
WHERE l.scope = $1 AND l.subject = $2 AND l.currency = $3 AND l.period = $4 AND l.unit = $5
