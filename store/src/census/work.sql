-- What is not at its end: open rows that nobody has to look at, and events still to be sent.
SELECT
    (SELECT count(*) FROM saga_open WHERE parked_reason IS NULL) AS open_count,
    (SELECT count(*) FROM outbox) AS outbox_count
