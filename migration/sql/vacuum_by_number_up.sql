-- Old versions of transfers stay in the newest pages until a vacuum comes. When it comes by a part of the
-- table they grow with the table; when it comes by a number they do not. A vacuum reads only pages
-- that were written since the one before, so its cost does not grow either.
CREATE FUNCTION tend_transfers(part text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE %I SET ('
        'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100000, '
        'autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000)',
        part);
END
$$;

-- Creates the weekly partitions (Monday 00:00 UTC) of every time-ordered table from the
-- week of `from_at` to the week of `until_at`, where missing. Returns how many it made.
-- A partition is made beside the tree and then attached, which locks the parent only
-- against other schema changes, but the default partition against everybody: callers set
-- a lock_timeout. The default partition must be empty of its ids.
CREATE OR REPLACE FUNCTION create_partitions(from_at timestamptz, until_at timestamptz) RETURNS integer
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
                    PERFORM tend_transfers(part);
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

SELECT tend_transfers(relid::text) FROM pg_partition_tree('transfer') WHERE isleaf;
