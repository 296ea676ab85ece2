-- What became of the items. Those that still wait have not ended at all.
SELECT
    status, outcome_code, currency, count(*) AS count, sum(amount_minor)::text AS amount_minor,
    count(*) FILTER (WHERE (status, outlook) IN (
        ('settled', 'would_settle'), ('rejected', 'would_be_rejected'), ('failed', 'would_fail'),
        ('dead_again', 'would_stick_again'), ('skipped', 'closed_already'))) AS as_forecast
FROM redrive_item
WHERE plan_id = $1
GROUP BY status, outcome_code, currency
ORDER BY count(*) DESC, status, outcome_code, currency
