-- Parked sagas without an open dead letter, and open dead letters without a parked saga.
SELECT
    coalesce(o.transfer_id, d.transfer_id)::text AS id,
    CASE WHEN d.transfer_id IS NULL THEN 'no open dead letter' ELSE 'not parked' END AS detail
FROM (SELECT transfer_id FROM saga_open WHERE parked_reason IS NOT NULL) AS o
FULL JOIN (SELECT transfer_id FROM dead_letter WHERE status = 'open') AS d
    ON d.transfer_id = o.transfer_id
WHERE o.transfer_id IS NULL OR d.transfer_id IS NULL
