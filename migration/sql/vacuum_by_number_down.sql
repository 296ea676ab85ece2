DROP FUNCTION create_partitions(timestamptz, timestamptz);
ALTER FUNCTION create_untended_partitions(timestamptz, timestamptz) RENAME TO create_partitions;
DROP FUNCTION tend_transfers();

DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT relid FROM pg_partition_tree('transfer') WHERE isleaf LOOP
        EXECUTE format(
            'ALTER TABLE %s RESET ('
            'autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_insert_threshold)',
            part);
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_insert_scale_factor = 0.05)', part);
    END LOOP;
END
$$;
