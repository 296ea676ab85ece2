-- The lines of a checkpoint, in the order in which they are hashed.
SELECT wallet_id, currency, debits_posted, credits_posted, balance_minor, wallet_seq, last_posted_at
FROM balance_checkpoint_line
WHERE checkpoint_seq = $1
ORDER BY wallet_id
