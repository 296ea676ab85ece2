-- Usage older than any month that a list shows and than any hold that may still be given back.
DELETE FROM limit_window
WHERE (scope, subject, currency, period, first_day) IN (
    SELECT scope, subject, currency, period, first_day
    FROM limit_window
    WHERE first_day < CURRENT_DATE - 100
    LIMIT 5000
    FOR UPDATE SKIP LOCKED
)
