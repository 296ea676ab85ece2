-- The messages that were asked for and are not there.
SELECT wanted.id
FROM unnest($2::text[]) AS wanted (id)
WHERE NOT EXISTS (
    SELECT 1
    FROM dead_message AS d
    WHERE d.message_id = wanted.id AND d.queue = $1 AND d.status = 'present'
)
ORDER BY wanted.id
