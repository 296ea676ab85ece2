-- Notes which items go and which do not, and counts them. A ramp that has stood still is taken to have begun later, so that
-- no more than a second of its rate is left to be caught up with.
WITH gone AS (
    UPDATE redrive_item
    SET status = 'dispatched', dispatched_at = clock_timestamp()
    WHERE plan_id = $1 AND position = ANY($2)
),
passed_over AS (
    UPDATE redrive_item AS i
    SET status = 'skipped', outcome_code = s.code, ended_at = clock_timestamp()
    FROM unnest($3::integer[], $4::text[]) AS s (position, code)
    WHERE i.plan_id = $1 AND i.position = s.position
)
UPDATE redrive_plan
SET dispatched_count = dispatched_count + cardinality($2::integer[]),
    skipped_count = skipped_count + cardinality($3::integer[]),
    next_position = next_position + cardinality($2::integer[]) + cardinality($3::integer[]),
    phase_dispatched = phase_dispatched + cardinality($2::integer[]),
    ramp_since = CASE WHEN ramp_since IS NOT NULL THEN greatest(
        ramp_since,
        clock_timestamp() - make_interval(
            secs => 1 + (phase_dispatched + cardinality($2::integer[]))::double precision / rate_per_second)
    ) END
WHERE id = $1
