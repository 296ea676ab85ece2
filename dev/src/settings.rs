use std::env::VarError;
use std::net::SocketAddr;

use tracing_subscriber::EnvFilter;

use crate::args::Options;

/// Enough to see what goes wrong, and little enough to leave the banner in sight. What sqlx warns
/// of are connections that end in the middle of something, as they do at a stop; what needed them says so itself.
const LOG_DEFAULT: &str = "warn,sqlx::postgres::notice=error,sqlx_core::pool=error";
/// With a load, dead letters are made on purpose and counted in its own lines.
const LOG_WITH_LOAD: &str =
    "warn,sqlx::postgres::notice=error,sqlx_core::pool=error,store::lane::apply=error";

/// With failures, so are messages that no consumer can read and queues that are away.
const LOG_WITH_FAILURES: &str = "warn,sqlx::postgres::notice=error,sqlx_core::pool=error,\
     store::lane::apply=off,jobs::consumers=off,jobs::relay=off";

/// What the environment says, checked before anything is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A PostgreSQL of the user's own; none to bring one along.
    pub database_url: Option<String>,
    /// Where clients connect; none for the usual port or the next free one.
    pub public_addr: Option<SocketAddr>,
    /// Where operators connect; none for the usual port or the next free one.
    pub admin_addr: Option<SocketAddr>,
    /// Which log lines are written; none for a choice that depends on what is started.
    log: Option<String>,
}

/// A variable has no value that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct SettingsError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}

impl Settings {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_lookup(std::env::var)
    }

    /// A variable that is set to nothing counts as not set.
    fn from_lookup(
        lookup: impl Fn(&'static str) -> Result<String, VarError>,
    ) -> Result<Self, SettingsError> {
        let get = |variable| match lookup(variable) {
            Ok(text) if text.is_empty() => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(wrong(variable, "is not UTF-8")),
        };
        let address = |variable| {
            let parse = |text: String| {
                let problem = format!(
                    "is '{text}'; it must be an address with a port, such as 127.0.0.1:8080"
                );
                text.parse().map_err(|_| wrong(variable, problem))
            };
            get(variable)?.map(parse).transpose()
        };
        let database_url = get("DATABASE_URL")?;
        if let Some(url) = &database_url
            && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
        {
            // The value is not repeated: it may hold a password.
            return Err(wrong("DATABASE_URL", "does not start with postgres://"));
        }
        let log = get("HOLDFAST_LOG")?;
        if let Some(log) = &log
            && let Err(error) = EnvFilter::try_new(log)
        {
            let problem =
                format!("is '{log}', which is no filter such as warn,jobs=debug: {error}");
            return Err(wrong("HOLDFAST_LOG", problem));
        }
        Ok(Self {
            database_url,
            public_addr: address("HOLDFAST_API_ADDR")?,
            admin_addr: address("HOLDFAST_ADMIN_ADDR")?,
            log,
        })
    }

    /// Which log lines are written.
    pub fn log_filter(&self, options: Options) -> EnvFilter {
        let usual = match options {
            Options { failures: true, .. } => LOG_WITH_FAILURES,
            Options { load: Some(_), .. } => LOG_WITH_LOAD,
            Options { load: None, .. } => LOG_DEFAULT,
        };
        EnvFilter::new(self.log.as_deref().unwrap_or(usual))
    }
}

fn wrong(variable: &'static str, problem: impl Into<String>) -> SettingsError {
    SettingsError { variable, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
        let value = |variable: &str| set.iter().find(|one| one.0 == variable);
        Settings::from_lookup(|variable| {
            value(variable).map(|one| one.1.to_owned()).ok_or(VarError::NotPresent)
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_has_to_be_set() {
        let settings = read(&[("DATABASE_URL", "")]).unwrap();
        assert_eq!(settings, read(&[]).unwrap());
        assert_eq!(settings.database_url, None);
    }

    #[test]
    fn a_wrong_value_is_a_sentence_that_names_the_variable() {
        for (variable, value, sentence) in [
            ("DATABASE_URL", "mysql://me:secret@x", "DATABASE_URL does not start with postgres://"),
            (
                "HOLDFAST_ADMIN_ADDR",
                "8081",
                "HOLDFAST_ADMIN_ADDR is '8081'; it must be an address with a port, such as 127.0.0.1:8080",
            ),
        ] {
            assert_eq!(read(&[(variable, value)]).unwrap_err(), sentence);
        }
        let error = read(&[("HOLDFAST_LOG", "info=loud=very")]).unwrap_err();
        assert!(
            error.starts_with("HOLDFAST_LOG is 'info=loud=very', which is no filter"),
            "{error}"
        );
    }
}
