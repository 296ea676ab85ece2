-- Locks the hot rows in id order (any other order can deadlock with another lane) and
-- reads them as they are under the lock. The clock of the last row is read after all
-- locks are held: it is the time of whatever this transaction posts.
WITH locked AS MATERIALIZED (
    SELECT
        wallet_id, currency, normal_side, status, floor_minor, limited,
        debits_posted, credits_posted, debits_pending, credits_pending,
        wallet_seq, event_seq, last_posted_at
    FROM wallet_balance
    WHERE wallet_id = ANY($1::uuid[])
    ORDER BY wallet_id
    FOR NO KEY UPDATE
)
SELECT locked.*, clock_timestamp() AS locked_at FROM locked
