//! The variables that say where the databases are and how to get in. The table of all of them is
//! `docs/CONFIGURATION.md`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::Database;
use crate::credentials::Source;
use crate::secret::Secret;

const URL: &str = "DATABASE_URL";
const READ_URL: &str = "DATABASE_READ_URL";
const HOST: &str = "DATABASE_HOST";
const PORT: &str = "DATABASE_PORT";
const NAME: &str = "DATABASE_NAME";
const USER: &str = "DATABASE_USER";
const READ_HOST: &str = "DATABASE_READ_HOST";
const READ_PORT: &str = "DATABASE_READ_PORT";
const PASSWORD: &str = "DATABASE_PASSWORD";
const SECRET: &str = "DATABASE_SECRET";
const PASSWORD_FILE: &str = "DATABASE_PASSWORD_FILE";
const PASSWORD_COMMAND: &str = "DATABASE_PASSWORD_COMMAND";
const SSLMODE: &str = "DATABASE_SSLMODE";
const SSLROOTCERT: &str = "DATABASE_SSLROOTCERT";

const PORT_DEFAULT: u16 = 5432;

/// The databases of a process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one that decides.
    pub writer: Database,
    /// A copy for lists and statements; none when there is none.
    pub replica: Option<Database>,
}

/// A variable is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct SettingsError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it, as the rest of a sentence. It repeats no password.
    pub problem: String,
}

fn wrong(variable: &'static str, problem: impl fmt::Display) -> SettingsError {
    SettingsError { variable, problem: problem.to_string() }
}

impl Settings {
    /// Reads the environment of the process. A login from a file or a command is read for the
    /// first time, so that one that cannot be had stops the start.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_lookup(|variable| match std::env::var(variable) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err("is not UTF-8".to_owned()),
        })
    }

    /// The same, with variables from wherever `lookup` finds them. What is set to nothing counts
    /// as not set.
    pub fn from_lookup(
        lookup: impl Fn(&'static str) -> Result<Option<String>, String>,
    ) -> Result<Self, SettingsError> {
        let variables = Variables { lookup };
        let tls = variables.tls()?;
        let key = variables.key()?;
        let base = match variables.url(URL)? {
            Some(url) => variables.whole(&url, &key)?,
            None => variables.parts(&key)?,
        };
        let replica = variables.replica(&base, &key)?;
        let open = |place: Place, variable| {
            let Place { mut options, source, user_is_set } = place;
            options = tls.applied(options);
            Database::with_source(options, source, user_is_set)
                .map_err(|problem| wrong(variable, problem))
        };
        let source = key.variable;
        let replica = replica.map(|place| open(place, source)).transpose()?;
        Ok(Self { writer: open(base, source)?, replica })
    }
}

/// One database, before its login is read.
#[derive(Clone)]
struct Place {
    options: PgConnectOptions,
    source: Source,
    user_is_set: bool,
}

/// Where the password comes from.
struct Key {
    /// The variable that says so; none of them when the address itself may have it.
    variable: &'static str,
    source: Source,
    /// What is known of the login before its source is read.
    secret: Option<Secret>,
}

/// How the server proves who it is.
struct Tls {
    mode: Option<PgSslMode>,
    root: Option<PathBuf>,
}

impl Tls {
    fn applied(&self, mut options: PgConnectOptions) -> PgConnectOptions {
        if let Some(mode) = self.mode {
            options = options.ssl_mode(mode);
        }
        if let Some(root) = &self.root {
            options = options.ssl_root_cert(root);
        }
        options
    }
}

/// Where variables come from.
struct Variables<F> {
    lookup: F,
}

impl<F: Fn(&'static str) -> Result<Option<String>, String>> Variables<F> {
    /// A variable's text. One that is set to nothing counts as not set, because compose files
    /// and templates write it so.
    fn text(&self, variable: &'static str) -> Result<Option<String>, SettingsError> {
        let value = (self.lookup)(variable).map_err(|problem| wrong(variable, problem))?;
        Ok(value.filter(|text| !text.is_empty()))
    }

    /// The first of `variables` that is set, with its text, and no second one.
    fn only_one(
        &self,
        variables: &[&'static str],
    ) -> Result<Option<(&'static str, String)>, SettingsError> {
        let mut found: Option<(&'static str, String)> = None;
        for &variable in variables {
            let Some(text) = self.text(variable)? else { continue };
            if let Some((first, _)) = found {
                return Err(wrong(variable, format!("is set besides {first}; only one can count")));
            }
            found = Some((variable, text));
        }
        Ok(found)
    }

    /// An address of a database. It is not repeated in errors: it may hold a password.
    fn url(&self, variable: &'static str) -> Result<Option<String>, SettingsError> {
        let url = self.text(variable)?;
        let fits =
            |url: &String| ["postgres://", "postgresql://"].iter().any(|s| url.starts_with(s));
        if url.as_ref().is_none_or(fits) {
            return Ok(url);
        }
        Err(wrong(variable, "does not start with postgres://"))
    }

    fn port(&self, variable: &'static str) -> Result<Option<u16>, SettingsError> {
        let Some(text) = self.text(variable)? else { return Ok(None) };
        let port = text.parse().ok().filter(|port| *port != 0);
        port.map(Some).ok_or_else(|| wrong(variable, format!("is '{text}'; it must be a port")))
    }

    fn tls(&self) -> Result<Tls, SettingsError> {
        const MODES: &str = "disable, allow, prefer, require, verify-ca or verify-full";
        let root = self.text(SSLROOTCERT)?.map(PathBuf::from);
        if let Some(root) = &root {
            // Read again with each connection; read now, so that a wrong name stops the start.
            std::fs::read(root).map_err(|error| {
                wrong(SSLROOTCERT, format!("is {}, which cannot be read: {error}", root.display()))
            })?;
        }
        let Some(text) = self.text(SSLMODE)? else {
            // Whoever names an authority wants it asked, and for this host.
            return Ok(Tls { mode: root.is_some().then_some(PgSslMode::VerifyFull), root });
        };
        let mode: PgSslMode =
            text.parse().map_err(|_| wrong(SSLMODE, format!("is '{text}'; it must be {MODES}")))?;
        if root.is_some() && !checks(mode) {
            return Err(wrong(SSLROOTCERT, format!("is set, but {SSLMODE} {}", unchecked(&text))));
        }
        Ok(Tls { mode: Some(mode), root })
    }

    fn key(&self) -> Result<Key, SettingsError> {
        let set = self.only_one(&[PASSWORD, SECRET, PASSWORD_FILE, PASSWORD_COMMAND])?;
        let Some((variable, text)) = set else {
            return Ok(Key { variable: PASSWORD, source: Source::Settings, secret: None });
        };
        let source = match variable {
            PASSWORD_FILE => Source::File(PathBuf::from(text)),
            PASSWORD_COMMAND => {
                let mut words = text.split_whitespace().map(str::to_owned);
                let program = words.next().ok_or_else(|| wrong(variable, "names no command"))?;
                Source::Command(program, words.collect())
            }
            _ => {
                let secret = Secret::parse(&text).map_err(|problem| wrong(variable, problem))?;
                return Ok(Key { variable, source: Source::Settings, secret: Some(secret) });
            }
        };
        // A file is there already, and may say where the database is. A command cannot run
        // before that is known.
        let secret = match &source {
            Source::File(_) => {
                let read = source.read_now(&PgConnectOptions::new_without_pgpass());
                read.map_err(|problem| wrong(variable, problem))?
            }
            _ => None,
        };
        Ok(Key { variable, source, secret })
    }

    /// The writer at an address, with the password from elsewhere where a variable says so.
    fn whole(&self, url: &str, key: &Key) -> Result<Place, SettingsError> {
        for part in [HOST, PORT, NAME, USER] {
            if self.text(part)?.is_some() {
                return Err(wrong(part, format!("is set besides {URL}; only one can count")));
            }
        }
        let said = Said::of(url);
        if said.password && self.text(key.variable)?.is_some() {
            return Err(wrong(key.variable, format!("is set besides the password in {URL}")));
        }
        let mut options = parse(URL, url)?;
        if let Some(secret) = &key.secret {
            options = options.password(&secret.password);
            if let Some(username) = secret.username.as_ref().filter(|_| !said.user) {
                options = options.username(username);
            }
        }
        Ok(Place { options, source: key.source.clone(), user_is_set: said.user })
    }

    /// The writer in parts. What a variable does not say, a secret may.
    fn parts(&self, key: &Key) -> Result<Place, SettingsError> {
        let secret = key.secret.as_ref();
        let host = self.text(HOST)?.or_else(|| secret?.host.clone()).ok_or_else(|| {
            wrong(
                URL,
                format!(
                    "is not set; it must be a postgres:// address, or {HOST} and others its parts"
                ),
            )
        })?;
        let missing =
            |variable, what: &str| wrong(variable, format!("is not set; it must be {what}"));
        let port = self.port(PORT)?.or_else(|| secret?.port).unwrap_or(PORT_DEFAULT);
        let name = self.text(NAME)?.or_else(|| secret?.dbname.clone());
        let name = name.ok_or_else(|| missing(NAME, "the name of the database"))?;
        let user = self.text(USER)?;
        let user_is_set = user.is_some();
        let user = user.or_else(|| secret?.username.clone());
        let user = user.ok_or_else(|| missing(USER, "the name to log in with"))?;
        let mut options = PgConnectOptions::new_without_pgpass();
        options = options.host(&host).port(port).database(&name).username(&user);
        if let Some(secret) = secret {
            options = options.password(&secret.password);
        }
        Ok(Place { options, source: key.source.clone(), user_is_set })
    }

    /// The replica: at an address of its own, or at another host with all else as the writer
    /// has it. An address without a password takes the writer's source of passwords.
    fn replica(&self, writer: &Place, key: &Key) -> Result<Option<Place>, SettingsError> {
        let port = self.port(READ_PORT)?;
        let Some((variable, text)) = self.only_one(&[READ_URL, READ_HOST])? else {
            return match port {
                Some(_) => Err(wrong(READ_PORT, format!("is set without {READ_HOST}"))),
                None => Ok(None),
            };
        };
        if variable == READ_HOST {
            let mut place = writer.clone();
            place.options = place.options.host(&text);
            if let Some(port) = port {
                place.options = place.options.port(port);
            }
            return Ok(Some(place));
        }
        let Some(url) = self.url(READ_URL)? else { return Ok(None) };
        let said = Said::of(&url);
        let options = parse(READ_URL, &url)?;
        if said.password {
            return Ok(Some(Place { options, source: Source::Settings, user_is_set: true }));
        }
        // Without a password of its own it is entered as the writer is.
        let mut place = Place { options, source: key.source.clone(), user_is_set: true };
        if !said.user {
            place.user_is_set = writer.user_is_set;
            place.options = place.options.username(writer.options.get_username());
        }
        if let Some(secret) = &key.secret {
            place.options = place.options.password(&secret.password);
        }
        Ok(Some(place))
    }
}

/// Reads an address. What is wrong with it is said without repeating it.
fn parse(variable: &'static str, url: &str) -> Result<PgConnectOptions, SettingsError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| wrong(variable, format!("is no address of a database: {error}")))?;
    let names_root =
        ["sslrootcert=", "ssl-root-cert=", "ssl-ca="].iter().any(|it| url.contains(it));
    if names_root && !checks(options.get_ssl_mode()) {
        let mode = format!("{:?}", options.get_ssl_mode()).to_lowercase();
        return Err(wrong(
            variable,
            format!("names a CA file, but its sslmode {}", unchecked(&mode)),
        ));
    }
    Ok(options)
}

fn checks(mode: PgSslMode) -> bool {
    matches!(mode, PgSslMode::VerifyCa | PgSslMode::VerifyFull)
}

fn unchecked(mode: &str) -> String {
    format!("is {mode}, which checks nothing against it; verify-full does")
}

/// What an address says of the login.
struct Said {
    user: bool,
    password: bool,
}

impl Said {
    fn of(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let login = authority.rsplit_once('@').map(|(login, _)| login);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let names = |name: &str| query.split('&').any(|pair| pair.starts_with(name));
        Self {
            user: login.is_some_and(|login| !login.is_empty()) || names("user="),
            password: login.is_some_and(|login| login.contains(':')) || names("password="),
        }
    }
}

#[cfg(test)]
mod tests;
