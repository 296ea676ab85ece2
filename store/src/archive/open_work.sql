-- What still holds the weeks before $1: transfers that are not at their end (how many, and the first ids), unsent events.
SELECT
    (SELECT count(*) FROM saga_open WHERE transfer_id < $1) AS open_count,
    ARRAY(SELECT transfer_id FROM saga_open WHERE transfer_id < $1 ORDER BY transfer_id LIMIT $2) AS open_ids,
    (SELECT count(*) FROM outbox WHERE event_id < $1) AS unsent_count
