-- Archived weeks go back to where they were; frozen ones can be changed again.
DO $$
DECLARE
    parent text;
    week record;
BEGIN
    FOREACH parent IN ARRAY ARRAY['transfer', 'journal_entry', 'posting'] LOOP
        FOR week IN
            SELECT array_agg(part::oid) AS parts, array_agg(lower) AS lowers, array_agg(upper) AS uppers
            FROM weeks_of(format('archive.%I', parent)::regclass)
        LOOP
            FOR n IN 1..coalesce(cardinality(week.parts), 0) LOOP
                EXECUTE format('ALTER TABLE archive.%I DETACH PARTITION %s', parent, week.parts[n]::regclass);
                EXECUTE format('ALTER TABLE %s SET SCHEMA public', week.parts[n]::regclass);
                EXECUTE format(
                    'ALTER TABLE %I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                    parent, week.parts[n]::regclass, week.lowers[n], week.uppers[n]);
            END LOOP;
        END LOOP;
        FOR week IN SELECT array_agg(part::oid) AS parts FROM weeks_of(parent::regclass) LOOP
            FOR n IN 1..coalesce(cardinality(week.parts), 0) LOOP
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS archive_week', week.parts[n]::regclass);
                EXECUTE format('DROP TRIGGER IF EXISTS archive_rows_stay ON %s', week.parts[n]::regclass);
                EXECUTE format('DROP TRIGGER IF EXISTS archive_stays ON %s', week.parts[n]::regclass);
            END LOOP;
        END LOOP;
    END LOOP;
END
$$;
DROP FUNCTION events_kept_since(), drop_week(regclass, regclass), archive.move_weeks(uuid), archive.validate_week(regclass), archive.freeze_week(regclass, regclass), archive.refuse_change();
DROP TABLE archive.posting, archive.journal_entry, archive.transfer;
DROP SCHEMA archive;
DROP TABLE balance_checkpoint_line, balance_checkpoint;
DROP FUNCTION weeks_of(regclass), uuid_v7_time(uuid);
