-- Events of the log since an instant that a consumer has not dealt with, oldest first.
SELECT e.id
FROM event AS e
WHERE e.id >= uuid_v7_floor($1)
    AND NOT EXISTS (SELECT 1 FROM inbox AS i WHERE i.consumer = $2 AND i.event_id = e.id)
ORDER BY e.id
LIMIT $3
