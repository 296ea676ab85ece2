//! Copies of a server that follow it, for tests of replicas and failovers.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgConnection};

use super::{EmbeddedError, Mutex, Plan, SUPERUSER, Server};
use crate::postgres::command;
use crate::postgres::home::Home;

/// A copy of a small cluster takes a second; a machine that is busy gets a minute.
const BACKUP_LIMIT: Duration = Duration::from_mins(1);

impl Server {
    /// Makes a copy of this server that follows it by streaming replication, and answers reads
    /// from what it has replayed. Its data lie beside this server's, under `name`.
    ///
    /// `settings` win over those of this server. The copy has the same users and passwords.
    pub async fn standby(
        &self,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self, EmbeddedError> {
        let home = Home {
            account: self.plan.home.account.clone(),
            data_dir: self.plan.home.data_dir.with_added_extension(name),
        };
        home.remove()?;
        self.copy_to(&home).await?;
        let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let plan = Plan {
            settings: self.plan.settings.iter().cloned().chain(own).collect(),
            remove_data: self.plan.remove_data,
            home,
            installation: self.plan.installation.clone(),
            password: self.plan.password.clone(),
        };
        let (port, running) = plan.launch(None).await?;
        Ok(Self { plan, port, running: Mutex::new(running) })
    }

    /// Copies the data, with what makes the copy follow this server.
    async fn copy_to(&self, home: &Home) -> Result<(), EmbeddedError> {
        let mut copy = home.account.command(&self.plan.installation.program("pg_basebackup"));
        copy.arg("--pgdata").arg(&home.data_dir);
        copy.args(["--host", "127.0.0.1", "--port", &self.port.to_string()]);
        copy.args(["--username", SUPERUSER, "--no-password"]);
        copy.args(["--wal-method", "stream", "--checkpoint", "fast", "--no-sync"]);
        copy.arg("--write-recovery-conf");
        copy.env("PGPASSWORD", &self.plan.password);
        let copied = command::output(copy, BACKUP_LIMIT).await;
        copied.map(drop).map_err(|error| EmbeddedError::Backup {
            data_dir: home.data_dir.clone(),
            output: error.to_string(),
        })
    }

    /// Makes a standby a server of its own, which takes writes.
    pub async fn promote(&self) -> Result<(), EmbeddedError> {
        let run = async {
            let mut connection: PgConnection = self.plan.login(self.port).connect().await?;
            sqlx::query("SELECT pg_promote()").execute(&mut connection).await?;
            connection.close().await
        };
        run.await.map_err(|source| EmbeddedError::Database {
            doing: "promote the standby".to_owned(),
            source,
        })
    }
}
