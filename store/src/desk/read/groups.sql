-- Open dead letters by cause and currency: first those that hold the most money.
SELECT
    fingerprint, currency, count(*) AS count,
    sum(held_minor)::text AS held_minor, sum(amount_minor)::text AS amount_minor,
    count(DISTINCT source_wallet_id) AS wallet_count,
    min(opened_at) AS oldest_at, max(opened_at) AS newest_at
FROM dead_letter
WHERE status = 'open'
GROUP BY fingerprint, currency
ORDER BY sum(held_minor) DESC, count(*) DESC, fingerprint, currency
