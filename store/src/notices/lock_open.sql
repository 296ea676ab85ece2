-- Locks the open rows of these payouts, in id order as lanes do, and tells which of them
-- wait for the confirmation: for the provider's word, or for a call that asks for it.
-- A parked one waits for a person first.
SELECT
    transfer_id,
    coalesce(
        step = 'confirm_payout' AND waiting_for IN ('call', 'confirmation')
            AND parked_reason IS NULL,
        false
    ) AS waits
FROM saga_open
WHERE transfer_id = ANY($1::uuid[])
ORDER BY transfer_id
FOR UPDATE
