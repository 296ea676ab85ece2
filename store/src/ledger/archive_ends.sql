-- Lines of checkpoint $2 whose posting is not in the archive as they tell it. Scalar subqueries, because they look up and never
-- scan; the bounds on ids leave out all but one or two weeks.
SELECT
    c.wallet_id::text AS id,
    format('no archived posting has seq %s, time %s, balance %s', c.wallet_seq, c.last_posted_at, c.balance_minor) AS detail
FROM balance_checkpoint_line AS c
WHERE c.checkpoint_seq = $2
    AND (
        SELECT p.balance_after_minor
        FROM archive.posting AS p
        WHERE p.wallet_id = c.wallet_id
            AND p.posted_at = c.last_posted_at
            AND p.wallet_seq = c.wallet_seq
            AND p.entry_id >= uuid_v7_floor(c.last_posted_at - interval '1 day')
            AND p.entry_id < uuid_v7_floor(c.last_posted_at + interval '1 day')
        LIMIT 1
    ) IS DISTINCT FROM c.balance_minor
