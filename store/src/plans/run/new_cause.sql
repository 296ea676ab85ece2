-- A cause that killed a sent item again in this run and that the plan did not know.
SELECT i.outcome_code
FROM redrive_plan AS p
JOIN redrive_item AS i ON i.plan_id = p.id
WHERE p.id = $1 AND i.status = 'dead_again' AND i.ended_at >= p.running_since AND i.outcome_code <> ALL (p.causes)
LIMIT 1
