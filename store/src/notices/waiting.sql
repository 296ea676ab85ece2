-- Payouts with a notice that was not yet given to the saga although it could be: the saga
-- waits for it, or is at its end. Contradicting notices are left to the call that asks.
SELECT n.transfer_id
FROM provider_notice AS n
LEFT JOIN saga_open AS o ON o.transfer_id = n.transfer_id
WHERE n.applied_at IS NULL
    AND (
        o.transfer_id IS NULL
        OR (
            o.step = 'confirm_payout' AND o.waiting_for IN ('call', 'confirmation')
            AND o.parked_reason IS NULL
        )
    )
GROUP BY n.transfer_id, o.transfer_id
HAVING o.transfer_id IS NULL OR count(*) = 1
LIMIT $1
