-- A draft is locked before it goes, so that it cannot be applied meanwhile.
WITH old AS (
    SELECT id FROM redrive_plan
    WHERE status = 'draft' AND created_at < now() - interval '7 days'
    FOR UPDATE SKIP LOCKED
),
emptied AS (
    DELETE FROM redrive_item WHERE plan_id IN (SELECT id FROM old)
)
DELETE FROM redrive_plan WHERE id IN (SELECT id FROM old)
