-- The time in a uuid v7, or in a bound of a partition.
CREATE FUNCTION uuid_v7_time(id uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$;

-- The weekly partitions that are attached to a table, without its default partition.
CREATE FUNCTION weeks_of(parent regclass) RETURNS TABLE (part regclass, lower uuid, upper uuid)
LANGUAGE sql STABLE STRICT AS $$
    SELECT c.oid::regclass, bounds[1]::uuid, bounds[2]::uuid
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid,
    LATERAL regexp_match(
        pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([0-9a-f-]{36})''\) TO \(''([0-9a-f-]{36})''\)') AS bounds
    WHERE i.inhparent = parent AND bounds IS NOT NULL
$$;

-- What every wallet came to before an instant, proven. A chain: each names the hash of the one before.
CREATE TABLE balance_checkpoint (
    seq bigint NOT NULL,
    boundary uuid NOT NULL,
    boundary_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    transfer_count bigint NOT NULL,
    entry_count bigint NOT NULL,
    posting_count bigint NOT NULL,
    line_count bigint NOT NULL,
    totals text NOT NULL,
    lines_hash bytea NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT balance_checkpoint_pkey PRIMARY KEY (seq),
    CONSTRAINT balance_checkpoint_boundary_key UNIQUE (boundary),
    CONSTRAINT balance_checkpoint_seq_is_positive CHECK (seq > 0),
    CONSTRAINT balance_checkpoint_hashes_are_sha256
        CHECK (octet_length(lines_hash) = 32 AND octet_length(prev_hash) = 32 AND octet_length(hash) = 32)
);
COMMENT ON COLUMN balance_checkpoint.boundary IS 'Entries and transfers with smaller ids are in the archive.';
COMMENT ON COLUMN balance_checkpoint.boundary_at IS 'The time in the boundary: a Monday, 00:00 UTC.';
COMMENT ON COLUMN balance_checkpoint.posting_count IS 'Postings archived with it; transfer_count and entry_count likewise.';
COMMENT ON COLUMN balance_checkpoint.totals IS 'JSON by currency: sums of debits and credits over all lines, as text.';
COMMENT ON COLUMN balance_checkpoint.lines_hash IS 'SHA-256 over all lines by wallet id.';

-- One wallet in a checkpoint. Every wallet that was ever posted to before the boundary has one.
CREATE TABLE balance_checkpoint_line (
    checkpoint_seq bigint NOT NULL,
    wallet_id uuid NOT NULL,
    currency text NOT NULL,
    debits_posted bigint NOT NULL,
    credits_posted bigint NOT NULL,
    balance_minor bigint NOT NULL,
    wallet_seq bigint NOT NULL,
    last_posted_at timestamptz NOT NULL,
    CONSTRAINT balance_checkpoint_line_pkey PRIMARY KEY (checkpoint_seq, wallet_id),
    CONSTRAINT balance_checkpoint_line_counters_not_negative CHECK (debits_posted >= 0 AND credits_posted >= 0),
    CONSTRAINT balance_checkpoint_line_seq_is_positive CHECK (wallet_seq > 0)
);
COMMENT ON COLUMN balance_checkpoint_line.wallet_seq IS 'Number of the last posting before the boundary.';
COMMENT ON COLUMN balance_checkpoint_line.balance_minor IS 'Ledger balance after that posting.';

-- Weeks that were moved out of the live tables: the same shape, never dropped, never changed. Without the
-- default partitions, because nothing is ever written here.
CREATE SCHEMA archive;
CREATE TABLE archive.transfer (LIKE transfer INCLUDING ALL) PARTITION BY RANGE (id);
CREATE TABLE archive.journal_entry (LIKE journal_entry INCLUDING ALL) PARTITION BY RANGE (id);
CREATE TABLE archive.posting (LIKE posting INCLUDING ALL) PARTITION BY RANGE (entry_id);

-- From when on events are kept. Null while none were dropped: transfers never are, and the weeks of all tables are made
-- together, so a week of transfers without its week of events tells of a drop.
CREATE FUNCTION events_kept_since() RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT uuid_v7_time(kept.lower)
    FROM (SELECT lower FROM weeks_of('event') ORDER BY lower LIMIT 1) AS kept
    WHERE EXISTS (
        SELECT 1
        FROM (SELECT lower FROM weeks_of('transfer') UNION ALL SELECT lower FROM weeks_of('archive.transfer')) AS made
        WHERE made.lower < kept.lower
    )
$$;

-- Drops a weekly partition of a log for good. Takes the log exclusively for a moment: callers set a lock_timeout.
CREATE FUNCTION drop_week(parent regclass, week regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF parent NOT IN ('event'::regclass, 'saga_step'::regclass) THEN
        RAISE EXCEPTION 'weeks of % are never dropped', parent;
    END IF;
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, week);
    EXECUTE format('DROP TABLE %s', week);
END
$$;

CREATE FUNCTION archive.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'week %.% is frozen for the archive', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;

-- Freezes a weekly partition: no row of it can change from here on. It also gets a check of its bounds, not yet
-- validated. Takes the partition exclusively for a moment: callers set a lock_timeout. Harmless when it is frozen already.
CREATE FUNCTION archive.freeze_week(parent regclass, week regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    bound record;
    key name;
BEGIN
    SELECT * INTO STRICT bound FROM weeks_of(parent) AS w WHERE w.part = week;
    SELECT a.attname INTO STRICT key
    FROM pg_partitioned_table AS p
    JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = parent;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = week AND conname = 'archive_week') THEN
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT archive_week CHECK (%I >= %L AND %I < %L) NOT VALID',
            week, key, bound.lower, key, bound.upper);
    END IF;
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER archive_rows_stay BEFORE INSERT OR UPDATE OR DELETE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION archive.refuse_change()', week);
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER archive_stays BEFORE TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION archive.refuse_change()', week);
END
$$;

-- Validates what a weekly partition only promises: the check of its bounds, which spares the move a scan under an exclusive
-- lock, and checks that a migration added without a look at old rows. Reads all of it, and stops no other statement.
CREATE FUNCTION archive.validate_week(week regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    check_name name;
BEGIN
    FOREACH check_name IN ARRAY ARRAY(
        SELECT conname FROM pg_constraint WHERE conrelid = week AND NOT convalidated ORDER BY conname
    ) LOOP
        EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', week, check_name);
    END LOOP;
END
$$;

-- Moves all weeks that end at or before `boundary` from the live tables to the archive. Returns how many partitions it
-- moved. The caller has locked the live tables.
CREATE FUNCTION archive.move_weeks(boundary uuid) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    weeks jsonb;
    week record;
    moved integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['transfer', 'journal_entry', 'posting'] LOOP
        -- All at once, so that no cursor walks the catalog while it changes.
        SELECT jsonb_agg(w ORDER BY w.lower) INTO weeks
        FROM (SELECT part::oid AS part, lower, upper FROM weeks_of(parent::regclass) WHERE upper <= boundary) AS w;
        FOR week IN SELECT * FROM jsonb_to_recordset(coalesce(weeks, '[]')) AS w (part oid, lower uuid, upper uuid) LOOP
            EXECUTE format('ALTER TABLE %I DETACH PARTITION %s', parent, week.part::regclass);
            EXECUTE format('ALTER TABLE %s SET SCHEMA archive', week.part::regclass);
            EXECUTE format(
                'ALTER TABLE archive.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                parent, week.part::regclass, week.lower, week.upper);
            moved := moved + 1;
        END LOOP;
    END LOOP;
    RETURN moved;
END
$$;
