//! What a process knows of a database: where it is, and the present login.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Mutex, watch};

use crate::credentials::Source;
use crate::secret::Secret;

/// Pause after a look that failed, where the usual one is longer.
const FAILED_EVERY: Duration = Duration::from_secs(10);

/// A database and the way in. Clones share what they know.
#[derive(Clone)]
pub struct Database(Arc<Known>);

struct Known {
    /// What is wrong with the address when it is none.
    login: Result<watch::Sender<Login>, String>,
    source: Source,
    /// Whether the user's name comes from the settings, and not from a secret.
    user_is_set: bool,
    looked: Mutex<Looked>,
    /// Connections made before this instant may lead to a server that is the writer no more.
    doubted: watch::Sender<Option<Instant>>,
}

/// How to log in at one time.
#[derive(Clone)]
pub struct Login {
    /// What a connection is made with.
    pub options: PgConnectOptions,
    /// One more with each change.
    version: u64,
}

/// What was seen when the login was last read.
struct Looked {
    at: Instant,
    well: bool,
    secret: Option<Secret>,
}

impl Database {
    /// The database at an address, `postgres://user:password@host:port/name`. One that is none is
    /// an error when it is opened.
    pub fn at(url: &str) -> Self {
        // The cause says what is wrong with it, and repeats no part that could be a password.
        let options = PgConnectOptions::from_str(url).map_err(|error| error.to_string());
        Self::new(options, Source::Settings, true, None)
    }

    /// Reads the login for the first time. The error is the rest of a sentence about its source.
    pub(crate) fn with_source(
        options: PgConnectOptions,
        source: Source,
        user_is_set: bool,
    ) -> Result<Self, String> {
        let secret = source.read_now(&options)?;
        let options = match &secret {
            Some(secret) => filled(options, secret, user_is_set),
            None => options,
        };
        Ok(Self::new(Ok(options), source, user_is_set, secret))
    }

    fn new(
        options: Result<PgConnectOptions, String>,
        source: Source,
        user_is_set: bool,
        secret: Option<Secret>,
    ) -> Self {
        Self(Arc::new(Known {
            login: options.map(|options| watch::Sender::new(Login { options, version: 0 })),
            source,
            user_is_set,
            looked: Mutex::new(Looked { at: Instant::now(), well: true, secret }),
            doubted: watch::Sender::new(None),
        }))
    }

    /// How to log in now.
    pub fn login(&self) -> Result<Login, sqlx::Error> {
        match &self.0.login {
            Ok(login) => Ok(login.borrow().clone()),
            Err(problem) => Err(sqlx::Error::Configuration(problem.clone().into())),
        }
    }

    /// Where it is, for a log: without user and password.
    pub fn place(&self) -> String {
        let Ok(login) = &self.0.login else { return "an address that is none".to_owned() };
        let login = &login.borrow().options;
        let host = login.get_socket().map_or_else(
            || format!("{}:{}", login.get_host(), login.get_port()),
            |socket| socket.display().to_string(),
        );
        format!("{host}/{}", login.get_database().unwrap_or_else(|| login.get_username()))
    }

    /// Whether the login may change while the process runs.
    pub fn changes(&self) -> bool {
        self.0.source.every().is_some()
    }

    /// Reads the login again and again, until dropped, and gives each new one to `news`. Any
    /// number may do so at a time: it is read once for all of them.
    pub async fn follow(&self, mut news: impl FnMut(PgConnectOptions)) {
        let (Ok(login), Some(every)) = (&self.0.login, self.0.source.every()) else {
            return std::future::pending().await;
        };
        let mut login = login.subscribe();
        // There may have been a change since whoever follows has looked.
        login.mark_changed();
        loop {
            tokio::select! {
                () = tokio::time::sleep(every.min(FAILED_EVERY)) => self.look(false).await,
                // Never an error: `self` keeps the sender.
                Ok(()) = login.changed() => {
                    let now = login.borrow_and_update().clone();
                    news(now.options);
                }
            }
        }
    }

    /// Reads the login now, because the server has refused `refused`. Says whether there is
    /// another one.
    pub async fn renew(&self, refused: &Login) -> bool {
        if !self.changes() {
            return false;
        }
        // To its end, even if whoever was refused cannot wait for it: it counts for all.
        let known = self.clone();
        let looking = tokio::spawn(async move { known.look(true).await });
        looking.await.ok();
        self.login().is_ok_and(|now| now.version != refused.version)
    }

    async fn look(&self, urgent: bool) {
        let Known { login: Ok(login), source, user_is_set, looked, .. } = &*self.0 else { return };
        let Some(every) = source.every() else { return };
        let mut looked = looked.lock().await;
        let pause = match (urgent, looked.well) {
            (true, _) => source.urgent_every(),
            (false, true) => every,
            (false, false) => every.min(FAILED_EVERY),
        };
        if looked.at.elapsed() < pause {
            return;
        }
        let Login { options, version } = login.borrow().clone();
        let read = source.read(&options).await;
        looked.at = Instant::now();
        let was_well = std::mem::replace(&mut looked.well, read.is_ok());
        match read {
            Ok(secret) if secret == looked.secret => {}
            Ok(secret) => {
                if let Some(secret) = &secret {
                    let options = filled(options, secret, *user_is_set);
                    login.send_replace(Login { options, version: version + 1 });
                    tracing::info!("the login for {} has changed", self.place());
                }
                looked.secret = secret;
            }
            Err(problem) if was_well => {
                let place = self.place();
                tracing::warn!("the login for {place} stays as it was: its source {problem}");
            }
            Err(_) => {}
        }
    }

    /// Puts connections in doubt that were made before `since`.
    pub fn doubt(&self, since: Instant) {
        self.0.doubted.send_replace(Some(since));
    }

    /// Whether a connection of this age is in doubt.
    pub fn is_doubted(&self, age: Duration) -> bool {
        let made = Instant::now().checked_sub(age);
        self.0.doubted.borrow().is_some_and(|since| made.is_none_or(|made| made <= since))
    }

    /// Returns once the connections that are open at its call are in doubt.
    pub fn doubted(&self) -> impl Future<Output = ()> + Send + 'static {
        let (mut doubted, now) = (self.0.doubted.subscribe(), Instant::now());
        async move {
            let since_then = doubted.wait_for(|since| since.is_some_and(|since| now <= since));
            if since_then.await.is_err() {
                // Nobody is left to doubt.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The login with what a secret says of it. Its place stays as it was.
fn filled(options: PgConnectOptions, secret: &Secret, user_is_set: bool) -> PgConnectOptions {
    let options = options.password(&secret.password);
    match &secret.username {
        Some(username) if !user_is_set => options.username(username),
        _ => options,
    }
}

impl fmt::Debug for Database {
    /// Leaves out the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.place()).finish()
    }
}

/// What leads to a database: its settings, or just an address.
pub trait Locate {
    /// The database.
    fn locate(&self) -> Database;
}

impl Locate for Database {
    fn locate(&self) -> Database {
        self.clone()
    }
}

impl Locate for str {
    fn locate(&self) -> Database {
        Database::at(self)
    }
}

impl Locate for String {
    fn locate(&self) -> Database {
        Database::at(self)
    }
}

impl<T: Locate + ?Sized> Locate for &T {
    fn locate(&self) -> Database {
        T::locate(self)
    }
}

impl From<&str> for Database {
    fn from(url: &str) -> Self {
        Self::at(url)
    }
}

impl From<&String> for Database {
    fn from(url: &String) -> Self {
        Self::at(url)
    }
}

impl From<String> for Database {
    fn from(url: String) -> Self {
        Self::at(&url)
    }
}
