-- Who may do what in the database. Run once as the master user, before the first migration, and again after a change:
-- it may be repeated. Nobody of these has a password; they log in with tokens of IAM, each as the role of its task may
-- (infra/cloudformation: rds-db:connect).
--
--   aws rds-data execute-statement needs one statement at a time; psql takes the file. On a server that is not RDS,
--   create a role rds_iam first.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'holdfast_owner') THEN
        -- Owns every table. Nobody logs in as it.
        CREATE ROLE holdfast_owner NOLOGIN;
        -- Changes the schema: the migration task.
        CREATE ROLE holdfast_migrate LOGIN;
        -- Makes partitions ahead and drops those of old logs: the workers.
        CREATE ROLE holdfast_worker LOGIN;
        -- Reads and changes rows: the API.
        CREATE ROLE holdfast_app LOGIN;
        -- Reads: the checks that run by the clock.
        CREATE ROLE holdfast_check LOGIN;
    END IF;
END $$;

GRANT rds_iam TO holdfast_migrate, holdfast_worker, holdfast_app, holdfast_check;

-- Both act as the owner, so that a partition which a worker made can be changed by the next migration.
GRANT holdfast_owner TO holdfast_migrate, holdfast_worker;
ALTER ROLE holdfast_migrate SET role = 'holdfast_owner';
ALTER ROLE holdfast_worker SET role = 'holdfast_owner';

-- The migrations make a schema and two extensions that any owner of a database may have.
GRANT CONNECT, TEMPORARY, CREATE ON DATABASE holdfast TO holdfast_owner;
GRANT CREATE, USAGE ON SCHEMA public TO holdfast_owner;
GRANT CONNECT, TEMPORARY ON DATABASE holdfast TO holdfast_app, holdfast_check;

-- Of whatever the owner makes from now on, in every schema.
GRANT holdfast_owner TO CURRENT_USER;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner GRANT USAGE ON SCHEMAS TO holdfast_app, holdfast_check;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO holdfast_app;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner GRANT SELECT ON TABLES TO holdfast_check;
ALTER DEFAULT PRIVILEGES FOR ROLE holdfast_owner GRANT USAGE ON SEQUENCES TO holdfast_app;
