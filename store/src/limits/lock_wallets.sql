-- Locks the hot rows of wallets whose limits are to change, in id order as lanes do: any other
-- order can deadlock with them. The clock is read after all locks are held.
WITH locked AS MATERIALIZED (
    SELECT wallet_id
    FROM wallet_balance
    WHERE wallet_id = ANY($1::uuid[])
    ORDER BY wallet_id
    FOR NO KEY UPDATE
)
SELECT count(*) AS locked_count, clock_timestamp() AS locked_at FROM locked
