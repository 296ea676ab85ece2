-- Waits for the transfers that have the wallet's row, and tells the time after them. In a
-- statement of its own: the next one's snapshot then sees what they committed.
WITH locked AS MATERIALIZED (
    SELECT wallet_id FROM wallet_balance WHERE wallet_id = $1 FOR SHARE
)
SELECT clock_timestamp() FROM locked
