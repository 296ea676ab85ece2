use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;

use super::candidate::Installation;
use super::error::EmbeddedError;
use super::home::Home;
use super::log::ServerLog;
use super::predecessor;
use super::readiness::{self, free_port};
use super::server::SUPERUSER;
use super::watchdog::Watchdog;

/// The database that `initdb` makes; used for statements about databases.
const MAINTENANCE_DATABASE: &str = "postgres";

/// For obstacles that pass: remains of a server that was killed, or a port that was taken meanwhile.
const RETRY_LIMIT: Duration = Duration::from_secs(20);
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// How PostgreSQL's log names these obstacles.
const PORT_TAKEN: &str = "Address already in use";
const REMAINS: &str = "pre-existing shared memory block";

/// What every start of the same server has in common.
pub(super) struct Plan {
    pub(super) home: Home,
    pub(super) installation: Installation,
    pub(super) settings: Vec<(String, String)>,
    pub(super) password: String,
    pub(super) remove_data: bool,
}

/// What is new with every start.
pub(super) struct Running {
    pub(super) watchdog: Watchdog,
    pub(super) log: ServerLog,
    /// None when the lock file could not be read.
    pub(super) postmaster: Option<u32>,
}

impl Plan {
    /// First start: on `port`, or on free ports until one is still free when the server takes it.
    pub(super) async fn launch(&self, port: Option<u16>) -> Result<(u16, Running), EmbeddedError> {
        // A port that somebody asked for and another program holds will not come free by waiting.
        let obstacles: &[&str] = match port {
            Some(_) => &[REMAINS],
            None => &[REMAINS, PORT_TAKEN],
        };
        self.retry(obstacles, || port.map_or_else(free_port, Ok)).await
    }

    /// Later start on the port that clients already know.
    pub(super) async fn launch_again(&self, port: u16) -> Result<Running, EmbeddedError> {
        let (_, running) = self.retry(&[REMAINS, PORT_TAKEN], || Ok(port)).await?;
        Ok(running)
    }

    async fn retry(
        &self,
        obstacles: &[&str],
        choose_port: impl Fn() -> std::io::Result<u16>,
    ) -> Result<(u16, Running), EmbeddedError> {
        let began = Instant::now();
        loop {
            let port = choose_port().map_err(EmbeddedError::Spawn)?;
            match self.attempt(port).await {
                Err(EmbeddedError::EndedAtStart { log })
                    if obstacles.iter().any(|obstacle| log.contains(obstacle))
                        && began.elapsed() < RETRY_LIMIT =>
                {
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                other => return other.map(|running| (port, running)),
            }
        }
    }

    async fn attempt(&self, port: u16) -> Result<Running, EmbeddedError> {
        let data_dir = &self.home.data_dir;
        let log = ServerLog::open(data_dir, &self.home.account)
            .map_err(EmbeddedError::path("open the server's log in", data_dir))?;
        let mut watchdog =
            Watchdog::spawn(&self.home, &self.server_command(port), &log, self.remove_data)
                .map_err(EmbeddedError::Spawn)?;
        readiness::wait(&mut watchdog, &self.login(port), &log).await?;
        Ok(Running { watchdog, log, postmaster: predecessor::postmaster_pid(data_dir) })
    }

    fn server_command(&self, port: u16) -> Command {
        let mut server = Command::new(self.installation.program("postgres"));
        server.arg("-D").arg(&self.home.data_dir);
        server.args(["-p", &port.to_string()]);
        for (name, value) in &self.settings {
            // The last of two equal names wins.
            server.args(["-c", &format!("{name}={value}")]);
        }
        server
    }

    pub(super) fn login(&self, port: u16) -> PgConnectOptions {
        readiness::login(port, SUPERUSER, &self.password, MAINTENANCE_DATABASE)
    }
}
