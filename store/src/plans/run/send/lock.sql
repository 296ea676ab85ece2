-- The next items whose dead letters are open, with their sagas locked in order of transfer ids.
SELECT i.position, i.dead_letter_id, i.transfer_id, i.outlook
FROM redrive_item AS i
JOIN dead_letter AS d ON d.id = i.dead_letter_id
JOIN saga_open AS o ON o.transfer_id = i.transfer_id
WHERE i.plan_id = $1 AND i.position BETWEEN $2 AND $3 AND d.status = 'open' AND o.parked_reason IS NOT NULL
ORDER BY o.transfer_id
FOR UPDATE OF o, d
