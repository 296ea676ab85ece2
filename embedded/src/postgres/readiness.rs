use std::net::TcpListener;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::error::EmbeddedError;
use super::log::ServerLog;
use super::watchdog::Watchdog;

/// A clean start takes well under a second. After a crash the server first replays its log, of which there may be
/// gigabytes.
const START_LIMIT: Duration = Duration::from_mins(2);
/// A server that is still starting refuses at once; silence for this long is an attempt that failed.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// Waits until somebody can log in on `options`.
pub(super) async fn wait(
    watchdog: &mut Watchdog,
    options: &PgConnectOptions,
    log: &ServerLog,
) -> Result<(), EmbeddedError> {
    let began = Instant::now();
    loop {
        let attempt = tokio::time::timeout(CONNECT_LIMIT, log_in(options)).await;
        let refusal = match attempt {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Some(Box::new(error)),
            Err(_elapsed) => None,
        };
        // Asked after the attempt, so that the log is complete when the server has ended.
        if watchdog.exit_status().is_some() {
            return Err(EmbeddedError::EndedAtStart { log: log.tail() });
        }
        if began.elapsed() > START_LIMIT {
            return Err(EmbeddedError::NoAnswer {
                port: options.get_port(),
                seconds: START_LIMIT.as_secs(),
                log: log.tail(),
                source: refusal,
            });
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn log_in(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    options.connect().await?.close().await
}

/// How to log in to a server of this module.
pub(super) fn login(port: u16, user: &str, password: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username(user)
        .password(password)
        .database(database)
        // Loopback only: there is nobody to hide from, and no certificate.
        .ssl_mode(PgSslMode::Disable)
        .application_name("holdfast-embedded")
}

/// A port on 127.0.0.1 that nobody uses at this moment.
///
/// Taken from below the range that systems give to outgoing connections: a server that restarts wants its port back, and
/// none of those must have taken it meanwhile.
pub(super) fn free_port() -> std::io::Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u128 = 10_000;
    const TRIES: u32 = 50;
    for _ in 0..TRIES {
        let random = uuid::Uuid::new_v4().as_u128() % COUNT;
        let port = FIRST.saturating_add(u16::try_from(random).unwrap_or(0));
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}
