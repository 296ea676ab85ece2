//! One connection outside of any pool.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Error};

use super::{Database, LIFETIME_MAX, Locate, Purpose, read_only, suited, takes_writes};
use crate::StoreError;

/// A server that takes longer to let a connection in is away.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// One connection to a writer that is opened when it is needed and thrown away when it misbehaves.
///
/// A pool takes a connection back by asking it for a sign of life. Whoever holds this can drop
/// it instead, and knows sooner.
pub struct Single {
    database: Database,
    purpose: Purpose,
    kept: Option<PgConnection>,
    /// When the present connection was made.
    made: Instant,
}

impl Single {
    /// No connection yet.
    pub fn new(database: &(impl Locate + ?Sized), purpose: Purpose) -> Result<Self, StoreError> {
        let database = database.locate();
        database.login()?;
        Ok(Self { database, purpose, kept: None, made: Instant::now() })
    }

    /// The connection that was kept, or a new one. A refused one fails at once.
    pub async fn take(&mut self) -> Result<PgConnection, StoreError> {
        let age = self.made.elapsed();
        if let Some(connection) = self.kept.take()
            && age < LIFETIME_MAX
            && !self.database.is_doubted(age)
        {
            return Ok(connection);
        }
        self.made = Instant::now();
        self.connect().await
    }

    /// Keeps a connection that works for the next time.
    pub fn keep(&mut self, connection: PgConnection) {
        self.kept = Some(connection);
    }

    /// Throws away the connection that was kept, if any.
    pub(crate) fn forget(&mut self) {
        self.kept = None;
    }

    /// Returns once the writer was lost and found again after this call. What the connection
    /// then still waits for may never come.
    pub fn doubted(&self) -> impl Future<Output = ()> + Send + 'static {
        self.database.doubted()
    }

    /// Once more with another login, if there is one by now.
    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let login = self.database.login()?;
        let refusal = match self.connect_with(login.options.clone()).await {
            Err(error) if is_refused(&error) => error,
            done => return Ok(done?),
        };
        if self.database.renew(&login).await {
            return Ok(self.connect_with(self.database.login()?.options).await?);
        }
        Err(refusal.into())
    }

    async fn connect_with(
        &self,
        options: sqlx::postgres::PgConnectOptions,
    ) -> Result<PgConnection, Error> {
        let options = suited(options, self.purpose);
        let connecting = async {
            let mut connection = PgConnection::connect_with(&options).await?;
            if !takes_writes(&mut connection).await? {
                return Err(read_only());
            }
            Ok(connection)
        };
        let connected = tokio::time::timeout(CONNECT_TIME_MAX, connecting).await;
        connected.unwrap_or(Err(Error::PoolTimedOut))
    }
}

/// The server knows no such login.
fn is_refused(error: &Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("28"))
}
