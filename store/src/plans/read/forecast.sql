SELECT
    outlook, outlook_code, currency, count(*) AS count,
    sum(amount_minor)::text AS amount_minor, sum(held_minor)::text AS held_minor
FROM redrive_item
WHERE plan_id = $1
GROUP BY outlook, outlook_code, currency
ORDER BY count(*) DESC, outlook, outlook_code, currency
