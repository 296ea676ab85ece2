-- The hot rows of these wallets as lock_wallets.sql would find them, without a lock.
SELECT
    wallet_id, currency, normal_side, status, floor_minor, limited,
    debits_posted, credits_posted, debits_pending, credits_pending,
    wallet_seq, event_seq, last_posted_at
FROM wallet_balance
WHERE wallet_id = ANY($1::uuid[])
