-- The terms of transfers as clients see them, where a step has added to them.
UPDATE transfer AS t
SET terms = c.terms
FROM unnest($1::uuid[], $2::jsonb[]) AS c (id, terms)
WHERE t.id = c.id AND t.id BETWEEN $3 AND $4
