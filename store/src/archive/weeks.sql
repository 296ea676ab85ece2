-- Weekly partitions of live tables that end at or before $1.
SELECT parent, w.part::text AS part
FROM unnest(ARRAY['transfer', 'journal_entry', 'posting']) AS parent, weeks_of(parent::regclass) AS w
WHERE w.upper <= $1
ORDER BY parent, w.lower
