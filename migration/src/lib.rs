//! The database's history: apalis's own migrations first, then ours.
//!
//! Frozen: a released migration is never edited, and none imports another crate
//! of the workspace, so that old migrations keep their meaning while the code moves on. Only the
//! way in to the database is shared with the other processes.

use std::time::Duration;

use apalis_postgres::PostgresStorage;
use database::Locate;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector,
};
use sea_orm_migration::{MigrationStatus, MigratorTrait, async_trait::async_trait};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use sqlx::ConnectOptions;
use sqlx::postgres::PgPoolOptions;

/// Defines a migration from a pair of SQL files.
macro_rules! sql_migration {
    ($module:ident, $up:literal, $down:literal) => {
        mod $module {
            use super::{ConnectionTrait, DbErr, MigrationTrait, SchemaManager, async_trait};

            pub(super) struct Migration;

            impl sea_orm_migration::MigrationName for Migration {
                fn name(&self) -> &'static str {
                    stringify!($module)
                }
            }

            #[async_trait]
            impl MigrationTrait for Migration {
                async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                    let connection = manager.get_connection();
                    connection.execute_unprepared(include_str!($up)).await.map(|_| ())
                }

                async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                    let connection = manager.get_connection();
                    connection.execute_unprepared(include_str!($down)).await.map(|_| ())
                }
            }
        }
    };
}

sql_migration!(
    m20261120_000001_create_wallet,
    "../sql/create_wallet_up.sql",
    "../sql/create_wallet_down.sql"
);
sql_migration!(
    m20261120_000002_create_transfer,
    "../sql/create_transfer_up.sql",
    "../sql/create_transfer_down.sql"
);
sql_migration!(
    m20261120_000003_create_journal,
    "../sql/create_journal_up.sql",
    "../sql/create_journal_down.sql"
);
sql_migration!(
    m20261120_000004_create_saga,
    "../sql/create_saga_up.sql",
    "../sql/create_saga_down.sql"
);
sql_migration!(
    m20261120_000005_create_event,
    "../sql/create_event_up.sql",
    "../sql/create_event_down.sql"
);
sql_migration!(
    m20261120_000006_create_partitions,
    "../sql/create_partitions_up.sql",
    "../sql/create_partitions_down.sql"
);
sql_migration!(
    m20261120_000007_tune_apalis,
    "../sql/tune_apalis_up.sql",
    "../sql/tune_apalis_down.sql"
);
sql_migration!(
    m20261121_000008_create_consumers,
    "../sql/create_consumers_up.sql",
    "../sql/create_consumers_down.sql"
);
sql_migration!(
    m20261121_000009_create_operators,
    "../sql/create_operators_up.sql",
    "../sql/create_operators_down.sql"
);
sql_migration!(
    m20261121_000010_create_redrive_plans,
    "../sql/create_redrive_plans_up.sql",
    "../sql/create_redrive_plans_down.sql"
);
sql_migration!(
    m20261121_000011_create_queue_desk,
    "../sql/create_queue_desk_up.sql",
    "../sql/create_queue_desk_down.sql"
);
sql_migration!(
    m20261121_000012_widen_dead_letter,
    "../sql/widen_dead_letter_up.sql",
    "../sql/widen_dead_letter_down.sql"
);
sql_migration!(
    m20261121_000013_create_switches,
    "../sql/create_switches_up.sql",
    "../sql/create_switches_down.sql"
);
sql_migration!(
    m20261121_000014_tune_hot_path,
    "../sql/tune_hot_path_up.sql",
    "../sql/tune_hot_path_down.sql"
);
sql_migration!(
    m20261121_000015_create_archive,
    "../sql/create_archive_up.sql",
    "../sql/create_archive_down.sql"
);
sql_migration!(
    m20261121_000016_create_outside,
    "../sql/create_outside_up.sql",
    "../sql/create_outside_down.sql"
);
sql_migration!(
    m20261121_000017_create_limits,
    "../sql/create_limits_up.sql",
    "../sql/create_limits_down.sql"
);
sql_migration!(m20261121_000018_mark_bulk, "../sql/mark_bulk_up.sql", "../sql/mark_bulk_down.sql");
sql_migration!(
    m20261121_000019_create_provider_notice,
    "../sql/create_provider_notice_up.sql",
    "../sql/create_provider_notice_down.sql"
);
sql_migration!(
    m20261121_000020_vacuum_by_number,
    "../sql/vacuum_by_number_up.sql",
    "../sql/vacuum_by_number_down.sql"
);
sql_migration!(
    m20261121_000021_create_api_key,
    "../sql/create_api_key_up.sql",
    "../sql/create_api_key_down.sql"
);
sql_migration!(
    m20261121_000022_create_approval,
    "../sql/create_approval_up.sql",
    "../sql/create_approval_down.sql"
);
sql_migration!(
    m20261121_000023_keep_answer_in_pause,
    "../sql/keep_answer_in_pause_up.sql",
    "../sql/keep_answer_in_pause_down.sql"
);
sql_migration!(
    m20261121_000024_index_what_is_purged,
    "../sql/index_what_is_purged_up.sql",
    "../sql/index_what_is_purged_down.sql"
);

struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_create_wallet::Migration),
            Box::new(m20261120_000002_create_transfer::Migration),
            Box::new(m20261120_000003_create_journal::Migration),
            Box::new(m20261120_000004_create_saga::Migration),
            Box::new(m20261120_000005_create_event::Migration),
            Box::new(m20261120_000006_create_partitions::Migration),
            Box::new(m20261120_000007_tune_apalis::Migration),
            Box::new(m20261121_000008_create_consumers::Migration),
            Box::new(m20261121_000009_create_operators::Migration),
            Box::new(m20261121_000010_create_redrive_plans::Migration),
            Box::new(m20261121_000011_create_queue_desk::Migration),
            Box::new(m20261121_000012_widen_dead_letter::Migration),
            Box::new(m20261121_000013_create_switches::Migration),
            Box::new(m20261121_000014_tune_hot_path::Migration),
            Box::new(m20261121_000015_create_archive::Migration),
            Box::new(m20261121_000016_create_outside::Migration),
            Box::new(m20261121_000017_create_limits::Migration),
            Box::new(m20261121_000018_mark_bulk::Migration),
            Box::new(m20261121_000019_create_provider_notice::Migration),
            Box::new(m20261121_000020_vacuum_by_number::Migration),
            Box::new(m20261121_000021_create_api_key::Migration),
            Box::new(m20261121_000022_create_approval::Migration),
            Box::new(m20261121_000023_keep_answer_in_pause::Migration),
            Box::new(m20261121_000024_index_what_is_purged::Migration),
        ]
    }
}

/// Why the database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database does not answer.
    #[error("cannot connect to the database")]
    Connect(#[source] DbErr),
    /// A migration of apalis failed.
    #[error("cannot set up the job tables")]
    Apalis(#[source] apalis_postgres::Error),
    /// A migration of ours failed; it was rolled back.
    #[error("cannot migrate")]
    Migrate(#[source] DbErr),
}

/// Brings the database to the newest version. Harmless when it is there already.
pub async fn up(database: &(impl Locate + ?Sized)) -> Result<(), MigrateError> {
    let connection = connect(database).await?;
    PostgresStorage::<()>::setup(connection.get_postgres_connection_pool())
        .await
        .map_err(MigrateError::Apalis)?;
    Migrator::up(&connection, None).await.map_err(MigrateError::Migrate)?;
    close(connection).await
}

/// Undoes all of our migrations. apalis's tables stay, as its own `setup` made them.
pub async fn down(database: &(impl Locate + ?Sized)) -> Result<(), MigrateError> {
    let connection = connect(database).await?;
    Migrator::down(&connection, None).await.map_err(MigrateError::Migrate)?;
    close(connection).await
}

/// Names of our migrations, each with whether it is applied.
pub async fn status(
    database: &(impl Locate + ?Sized),
) -> Result<Vec<(String, bool)>, MigrateError> {
    let connection = connect(database).await?;
    let migrations =
        Migrator::get_migration_with_status(&connection).await.map_err(MigrateError::Migrate)?;
    let rows = migrations
        .iter()
        .map(|one| (one.name().to_owned(), one.status() == MigrationStatus::Applied))
        .collect();
    close(connection).await?;
    Ok(rows)
}

async fn connect(database: &(impl Locate + ?Sized)) -> Result<DatabaseConnection, MigrateError> {
    // Two: apalis's setup holds one for its advisory lock while it uses another.
    let options = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(30));
    let connecting = async {
        let login = database.locate().login()?;
        options.connect_with(login.options.disable_statement_logging()).await
    };
    let connected = connecting.await;
    let pool = connected
        .map_err(|error| MigrateError::Connect(DbErr::Conn(RuntimeErr::SqlxError(error.into()))))?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

async fn close(connection: DatabaseConnection) -> Result<(), MigrateError> {
    connection.close().await.map_err(MigrateError::Connect)
}
