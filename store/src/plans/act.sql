-- Moves a locked plan. A run begins with canaries again, and with the cause that halted
-- it known: the operator has seen it. What ended before does not halt it again.
UPDATE redrive_plan
SET status = $2,
    causes = CASE WHEN $2 = 'running' AND halt_cause IS NOT NULL THEN causes || halt_cause ELSE causes END,
    halt_reason = CASE WHEN $2 = 'running' THEN NULL ELSE halt_reason END,
    halt_cause = CASE WHEN $2 = 'running' THEN NULL ELSE halt_cause END,
    running_since = CASE WHEN $2 = 'running' THEN clock_timestamp() ELSE running_since END,
    ramp_since = NULL,
    phase_dispatched = 0,
    ended_at = CASE WHEN $2 = 'stopped' THEN now() END
WHERE id = $1
