-- The logins of a new database, made once by its master user. Nobody has a password: they log in with tokens of IAM, and
-- the roles of the tasks say who may take which (`rds-db:connect`).
-- On a server that is not Aurora there is no role rds_iam; make one before, so that the rest is the same.

-- Owns everything.
CREATE ROLE holdfast_owner NOLOGIN;
-- RDS's master user is no superuser: it may give away only what it is a member of.
GRANT holdfast_owner TO CURRENT_USER;
ALTER DATABASE holdfast OWNER TO holdfast_owner;

-- The one-off migration task. Tables, types and functions belong to the owner, whoever makes them.
CREATE ROLE holdfast_migrate LOGIN IN ROLE holdfast_owner, rds_iam;
ALTER ROLE holdfast_migrate SET role = 'holdfast_owner';

-- The workers make and drop weekly partitions, which only an owner may, so they act as it, too.
CREATE ROLE holdfast_worker LOGIN IN ROLE holdfast_owner, rds_iam;
ALTER ROLE holdfast_worker SET role = 'holdfast_owner';

-- The API reads and writes rows, and cannot change what they are rows of.
CREATE ROLE holdfast_app LOGIN IN ROLE rds_iam;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner GRANT USAGE ON SCHEMAS TO holdfast_app;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO holdfast_app;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner GRANT USAGE, SELECT ON SEQUENCES TO holdfast_app;

-- The checks that run by the clock: they read, and change nothing.
CREATE ROLE holdfast_check LOGIN IN ROLE pg_read_all_data, rds_iam;
ALTER ROLE holdfast_check SET default_transaction_read_only = on;
