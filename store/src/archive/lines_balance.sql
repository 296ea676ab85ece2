-- Currencies whose debits and credits differ over all lines of checkpoint $2.
SELECT
    currency AS id,
    format('debits %s, credits %s', sum(debits_posted), sum(credits_posted)) AS detail
FROM balance_checkpoint_line
WHERE checkpoint_seq = $2
GROUP BY currency
HAVING sum(debits_posted) <> sum(credits_posted)
