-- Events of the log since an instant.
SELECT count(*) FROM event WHERE id >= uuid_v7_floor($1)
