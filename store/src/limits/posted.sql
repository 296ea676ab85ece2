-- What wallets have sent since $4, the beginning of the month, and since $5, that of the day, in
-- postings after those that were counted before: $2 their numbers, $3 the times of the newest.
-- One statement sees one moment, so the new numbers belong to what was summed up. The bound $6
-- on the entry id only leaves out other partitions; $7 are the kinds of transfers that count.
SELECT
    c.wallet_id, b.wallet_seq, b.last_posted_at,
    count(*) FILTER (WHERE p.posted_at >= $5) AS day_count,
    least(coalesce(sum(p.amount_minor) FILTER (WHERE p.posted_at >= $5), 0), 9223372036854775807)::bigint AS day_minor,
    count(p.posted_at) AS month_count,
    least(coalesce(sum(p.amount_minor), 0), 9223372036854775807)::bigint AS month_minor
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS c (wallet_id, wallet_seq, last_posted_at)
JOIN wallet_balance AS b ON b.wallet_id = c.wallet_id
LEFT JOIN LATERAL (
    SELECT p.posted_at, p.amount_minor
    FROM posting AS p
    JOIN journal_entry AS e ON e.id = p.entry_id
    -- One that was open for long may be archived while its entry is not.
    CROSS JOIN LATERAL (
        SELECT kind FROM transfer WHERE id = e.transfer_id
        UNION ALL SELECT kind FROM archive.transfer WHERE id = e.transfer_id
        LIMIT 1
    ) AS t
    WHERE p.wallet_id = c.wallet_id
        AND p.posted_at >= greatest($4, c.last_posted_at)
        AND p.wallet_seq > c.wallet_seq
        AND p.entry_id >= $6
        AND p.side = 'debit'
        AND t.kind = ANY($7::text[])
) AS p ON true
GROUP BY c.wallet_id, b.wallet_seq, b.last_posted_at
