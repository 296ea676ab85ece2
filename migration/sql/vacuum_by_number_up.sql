-- Old versions of transfers stay in the newest pages until a vacuum comes. When it comes by a part of the
-- table they grow with the table; when it comes by a number they do not. A vacuum reads only pages
-- that were written since the one before, so its cost does not grow either.
CREATE FUNCTION tend_transfers() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    part regclass;
BEGIN
    -- Those that are tended already are left alone: the lock would stop their vacuum.
    FOR part IN
        SELECT leaf.relid
        FROM pg_partition_tree('transfer') AS leaf
        JOIN pg_class AS c ON c.oid = leaf.relid
        WHERE leaf.isleaf AND NOT coalesce(c.reloptions::text, '') LIKE '%autovacuum_vacuum_threshold%'
    LOOP
        EXECUTE format(
            'ALTER TABLE %s SET ('
            'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100000, '
            'autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 500000)',
            part);
    END LOOP;
END
$$;

-- As before, and what is new is tended.
ALTER FUNCTION create_partitions(timestamptz, timestamptz) RENAME TO create_untended_partitions;
CREATE FUNCTION create_partitions(from_at timestamptz, until_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    made integer := create_untended_partitions(from_at, until_at);
BEGIN
    IF made > 0 THEN
        PERFORM tend_transfers();
    END IF;
    RETURN made;
END
$$;

SELECT tend_transfers();
