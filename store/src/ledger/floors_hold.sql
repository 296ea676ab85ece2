-- Wallets below their floor; the table's own constraint should make this impossible.
SELECT wallet_id::text AS id, format('floor %s', floor_minor) AS detail
FROM wallet_balance
WHERE CASE normal_side
        WHEN 'credit' THEN credits_posted - debits_posted - debits_pending
        ELSE debits_posted - credits_posted - credits_pending
    END < floor_minor
