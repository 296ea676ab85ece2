-- The logins of a new database, made once by its master user. Nobody has a password: they log in with tokens of IAM, and
-- the roles of the tasks say who may take which (`rds-db:connect`).
-- On a server that is not Aurora there is no role rds_iam; make one before, so that the rest is the same.

-- Owns everything. Workers make and drop partitions, which only an owner may, so they act as it, too.
CREATE ROLE holdfast_owner NOLOGIN;
-- RDS's master user is no superuser: it may give away only what it is a member of.
GRANT holdfast_owner TO CURRENT_USER;
ALTER DATABASE holdfast OWNER TO holdfast_owner;

-- The one-off migration task. Tables, types and functions belong to the owner, whoever makes them.
CREATE ROLE holdfast_migrate LOGIN IN ROLE holdfast_owner, rds_iam;
ALTER ROLE holdfast_migrate SET role = 'holdfast_owner';

-- API and workers.
CREATE ROLE holdfast_app LOGIN IN ROLE holdfast_owner, rds_iam;
ALTER ROLE holdfast_app SET role = 'holdfast_owner';

-- The checks that run by the clock: they read, and change nothing.
CREATE ROLE holdfast_check LOGIN IN ROLE pg_read_all_data, rds_iam;
ALTER ROLE holdfast_check SET default_transaction_read_only = on;
