-- The smallest uuid that a uuid v7 made at this millisecond can have.
CREATE FUNCTION uuid_v7_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Creates the weekly partitions (Monday 00:00 UTC) of every time-ordered table from the
-- week of `from_at` to the week of `until_at`, where missing. Returns how many it made.
-- A partition is made beside the tree and then attached, which locks the parent only
-- against other schema changes, but the default partition against everybody: callers set
-- a lock_timeout. The default partition must be empty of its ids.
CREATE FUNCTION create_partitions(from_at timestamptz, until_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    week timestamp;
    part text;
    made integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['transfer', 'journal_entry', 'posting', 'saga_step', 'event'] LOOP
        week := date_trunc('week', from_at AT TIME ZONE 'UTC');
        WHILE week <= until_at AT TIME ZONE 'UTC' LOOP
            part := parent || to_char(week, '_YYYYMMDD');
            IF to_regclass(part) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
                EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.05)', part);
                IF parent = 'transfer' THEN
                    -- Its status is updated in place, once or twice.
                    EXECUTE format('ALTER TABLE %I SET (fillfactor = 50)', part);
                END IF;
                EXECUTE format(
                    'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    parent, part,
                    uuid_v7_floor(week AT TIME ZONE 'UTC'),
                    uuid_v7_floor((week + interval '7 days') AT TIME ZONE 'UTC'));
                made := made + 1;
            END IF;
            week := week + interval '7 days';
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- Where rows land for whose week nobody has made a partition; the ledger check alarms on any.
CREATE TABLE transfer_default PARTITION OF transfer DEFAULT;
CREATE TABLE journal_entry_default PARTITION OF journal_entry DEFAULT;
CREATE TABLE posting_default PARTITION OF posting DEFAULT;
CREATE TABLE saga_step_default PARTITION OF saga_step DEFAULT;
CREATE TABLE event_default PARTITION OF event DEFAULT;

SELECT create_partitions(now(), now() + interval '28 days');
