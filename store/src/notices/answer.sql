-- Gives the answers to the sagas, whose rows are locked.
UPDATE saga_open AS o
SET answer = a.answer, waiting_for = NULL, due_at = now()
FROM unnest($1::uuid[], $2::jsonb[]) AS a (transfer_id, answer)
WHERE o.transfer_id = a.transfer_id
RETURNING o.transfer_id, o.due_at
