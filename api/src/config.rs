//! Configuration: environment variables, read here and nowhere else. The table of
//! all of them is `docs/CONFIGURATION.md`.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64};
use std::str::FromStr;
use std::time::Duration;

use domain::text::UnknownWord;
use domain::transfer::TransferKind;
use store::pool::{Database, Settings, SettingsError};
use wire::signature::Secret;

use crate::admin::approvals::FourEyes;
use crate::auth::AuthConfig;
use crate::door::DoorConfig;
use crate::intake::Limits;

mod door;

/// What the API needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The writer's database.
    pub database: Database,
    /// A replica for lists and statements; none when there is none.
    pub replica: Option<Database>,
    /// Where clients connect. Port 0 takes a free one.
    pub public_addr: SocketAddr,
    /// Where operators connect; never the public address.
    pub admin_addr: SocketAddr,
    /// Connections for reads and wallet changes, and as many to the replica.
    pub read_connections_max: u32,
    /// When new transfers are turned away.
    pub limits: Limits,
    /// Kinds of transfers that a screening service is asked about.
    pub screened_outside: Vec<TransferKind>,
    /// Who may send notices about payouts; none when nobody may.
    pub webhook: Option<Webhook>,
    /// How callers are known.
    pub auth: AuthConfig,
    /// What one operator may not do alone.
    pub four_eyes: FourEyes,
    /// Streams of commands at a time; more are turned away.
    pub streams_max: u32,
    /// How long such a stream waits while the database is away or too much work waits.
    pub stream_wait_max: Duration,
    /// Clients that watch a transfer at a time; more are turned away.
    pub watchers_max: u32,
    /// What is let in: how often, how much, how slowly, and by TLS.
    pub door: DoorConfig,
    /// What this process says about itself.
    pub telemetry: telemetry::Config,
}

/// A provider that may send notices, and how they are signed.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its name in the path.
    pub provider: String,
    /// Any of these makes a good signature: two while one replaces the other.
    pub secrets: Vec<Secret>,
}

/// A variable has no value that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}

impl From<SettingsError> for ConfigError {
    fn from(SettingsError { variable, problem }: SettingsError) -> Self {
        Self { variable, problem }
    }
}

/// All of them share one batcher, and each may keep some megabytes of commands in memory.
const STREAMS_MAX: u32 = 16;
/// Longer than the restart of a database, shorter than the patience of most proxies.
const STREAM_WAIT_MAX: Duration = Duration::from_secs(30);
/// Each keeps a connection; what is read for them is read for all at once.
const WATCHERS_MAX: u32 = 2_000;
/// Reads are short; more connections than this only queue inside PostgreSQL.
const READ_CONNECTIONS_MAX: u32 = 8;

impl Config {
    /// The defaults, with the one value that has none. Callers are not asked who they are, so the addresses
    /// must stay those of the loopback until that is changed.
    pub fn new(database: impl Into<Database>) -> Self {
        Self {
            database: database.into(),
            replica: None,
            public_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            read_connections_max: READ_CONNECTIONS_MAX,
            limits: Limits::default(),
            screened_outside: Vec::new(),
            webhook: None,
            auth: AuthConfig::Off,
            four_eyes: FourEyes::default(),
            streams_max: STREAMS_MAX,
            stream_wait_max: STREAM_WAIT_MAX,
            watchers_max: WATCHERS_MAX,
            door: DoorConfig::default(),
            telemetry: telemetry::Config::default(),
        }
    }

    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|variable| match std::env::var(variable) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err("is not UTF-8".to_owned()),
        })
    }

    /// Reads variables from wherever `lookup` finds them.
    fn from_lookup(
        lookup: impl Fn(&'static str) -> Result<Option<String>, String>,
    ) -> Result<Self, ConfigError> {
        let source = Source { lookup };
        let databases = Settings::from_lookup(&source.lookup)?;
        let mut config = Self::new(databases.writer);
        config.replica = databases.replica;
        source.read("HOLDFAST_API_ADDR", ADDRESS, &mut config.public_addr)?;
        source.read("HOLDFAST_ADMIN_ADDR", ADDRESS, &mut config.admin_addr)?;
        if config.public_addr == config.admin_addr && config.admin_addr.port() != 0 {
            return Err(ConfigError {
                variable: "HOLDFAST_ADMIN_ADDR",
                problem: format!("is {}, which is the public address", config.admin_addr),
            });
        }
        let mut connections = NonZeroU32::MIN;
        if source.read("HOLDFAST_API_READ_CONNECTIONS", POSITIVE, &mut connections)? {
            config.read_connections_max = connections.get();
        }
        let mut runnable = NonZeroU32::MIN;
        if source.read("HOLDFAST_INTAKE_RUNNABLE_MAX", POSITIVE, &mut runnable)? {
            config.limits.runnable_max = runnable.get();
        }
        let mut oldest_s = NonZeroU32::MIN;
        if source.read("HOLDFAST_INTAKE_OLDEST_MAX_S", POSITIVE, &mut oldest_s)? {
            config.limits.oldest_max = Duration::from_secs(oldest_s.get().into());
        }
        let mut screened = Kinds(Vec::new());
        source.read("HOLDFAST_SCREEN_OUTSIDE", KINDS, &mut screened)?;
        config.screened_outside = screened.0;
        config.webhook = source.webhook()?;
        config.auth = source.auth()?;
        config.four_eyes = source.four_eyes()?;
        source.long_answers(&mut config)?;
        door::read(&source, &mut config.door)?;
        config.telemetry = source.telemetry()?;
        Ok(config)
    }
}

const ADDRESS: &str = "an address with a port, such as 127.0.0.1:8080";
const POSITIVE: &str = "a whole number from 1";
const PERCENT: &str = "a whole number from 1 to 100";
const KINDS: &str = "kinds with commas, of transfer, deposit, payout and reversal";

/// Kinds of transfers, with commas between them.
struct Kinds(Vec<TransferKind>);

impl FromStr for Kinds {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',').map(|word| word.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

/// The payout provider's name when none is given; the workers have the same.
const PROVIDER_NAME: &str = "payouts";
const SECRET: &str = "HOLDFAST_PAYOUT_WEBHOOK_SECRET";
const SECRET_OLD: &str = "HOLDFAST_PAYOUT_WEBHOOK_SECRET_OLD";

/// Where variables come from.
pub(crate) struct Source<F> {
    pub(crate) lookup: F,
}

impl<F: Fn(&'static str) -> Result<Option<String>, String>> Source<F> {
    /// A variable's text. One that is set to nothing counts as not set, because
    /// compose files and templates write it so.
    pub(crate) fn text(&self, variable: &'static str) -> Result<Option<String>, ConfigError> {
        let value = (self.lookup)(variable);
        let value = value.map_err(|problem| ConfigError { variable, problem })?;
        Ok(value.filter(|text| !text.is_empty()))
    }

    /// Puts a variable's value into `target` and tells whether there was one.
    pub(crate) fn read<T: FromStr>(
        &self,
        variable: &'static str,
        wanted: &'static str,
        target: &mut T,
    ) -> Result<bool, ConfigError> {
        let Some(text) = self.text(variable)? else {
            return Ok(false);
        };
        *target = text.parse().map_err(|_| ConfigError {
            variable,
            problem: format!("is '{text}'; it must be {wanted}"),
        })?;
        Ok(true)
    }

    /// Without a secret nobody may send notices.
    fn webhook(&self) -> Result<Option<Webhook>, ConfigError> {
        let mut secrets = Vec::new();
        for variable in [SECRET, SECRET_OLD] {
            let Some(text) = self.text(variable)? else { continue };
            // The value is not repeated in the error, of course.
            let wrong = |error: wire::signature::SecretTooShort| ConfigError {
                variable,
                problem: error.to_string(),
            };
            secrets.push(Secret::new(&text).map_err(wrong)?);
        }
        let name = self.text("HOLDFAST_PAYOUT_PROVIDER_NAME")?;
        let provider = name.unwrap_or_else(|| PROVIDER_NAME.to_owned());
        Ok((!secrets.is_empty()).then_some(Webhook { provider, secrets }))
    }

    /// What the process says about itself.
    fn telemetry(&self) -> Result<telemetry::Config, ConfigError> {
        // A variable that is not UTF-8 cannot be passed on; it counts as not set there, so it is said here.
        let wrong = std::cell::RefCell::new(None);
        let lookup = |variable| {
            self.text(variable).unwrap_or_else(|error| {
                wrong.replace(Some(error));
                None
            })
        };
        let read = telemetry::Config::from_lookup(lookup);
        match wrong.take() {
            Some(error) => Err(error),
            None => read
                .map_err(|error| ConfigError { variable: error.variable, problem: error.problem }),
        }
    }

    /// Without a number one operator is always enough.
    fn four_eyes(&self) -> Result<FourEyes, ConfigError> {
        let mut number = NonZeroU32::MIN;
        let plans = self.read("HOLDFAST_FOUR_EYES_PLAN_ITEMS", POSITIVE, &mut number)?;
        let mut amount = NonZeroU64::MIN;
        let amounts = self.read("HOLDFAST_FOUR_EYES_AMOUNT_MINOR", POSITIVE, &mut amount)?;
        Ok(FourEyes {
            plan_items: plans.then_some(number.get()),
            amount_minor: amounts.then_some(i64::try_from(amount.get()).unwrap_or(i64::MAX)),
        })
    }

    /// What bounds bulk work, streams and watchers.
    fn long_answers(&self, config: &mut Config) -> Result<(), ConfigError> {
        let variable = "HOLDFAST_INTAKE_BULK_PERCENT";
        let percent = &mut config.limits.bulk_percent;
        self.read(variable, PERCENT, percent)?;
        if !(1..=100).contains(percent) {
            let problem = format!("is '{percent}'; it must be {PERCENT}");
            return Err(ConfigError { variable, problem });
        }
        let mut number = NonZeroU32::MIN;
        if self.read("HOLDFAST_STREAMS_MAX", POSITIVE, &mut number)? {
            config.streams_max = number.get();
        }
        if self.read("HOLDFAST_STREAM_WAIT_MAX_S", POSITIVE, &mut number)? {
            config.stream_wait_max = Duration::from_secs(number.get().into());
        }
        if self.read("HOLDFAST_WATCHERS_MAX", POSITIVE, &mut number)? {
            config.watchers_max = number.get();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, String> {
        // How callers are known has tests of its own.
        let set = set.iter().chain([&("HOLDFAST_AUTH", "off")]);
        let lookup = |variable: &str| {
            Ok(set.clone().find(|one| one.0 == variable).map(|one| one.1.to_owned()))
        };
        Config::from_lookup(lookup).map_err(|error| error.to_string())
    }

    const URL: (&str, &str) = ("DATABASE_URL", "postgres://localhost/holdfast");

    #[test]
    fn only_the_database_has_no_default() {
        let config = read(&[URL, ("HOLDFAST_API_ADDR", "")]).unwrap();
        assert_eq!(config.public_addr.to_string(), "127.0.0.1:8080");
        assert_eq!(config.admin_addr.to_string(), "127.0.0.1:8081");
        assert!(config.replica.is_none());
    }

    #[test]
    fn notices_are_taken_from_a_provider_with_a_secret() {
        assert!(read(&[URL]).unwrap().webhook.is_none());
        let (new, old) = ("a secret of 16 letters", "another one, which was");
        let set = [URL, (SECRET, new), (SECRET_OLD, old)];
        let webhook = read(&set).unwrap().webhook.unwrap();
        assert_eq!((webhook.provider.as_str(), webhook.secrets.len()), ("payouts", 2));
        assert!(!format!("{webhook:?}").contains("16 letters"));
    }

    #[test]
    fn a_wrong_value_is_a_sentence_that_names_the_variable() {
        for (set, sentence) in [
            (
                vec![],
                "DATABASE_URL is not set; it must be a postgres:// address, or DATABASE_HOST and \
                 others its parts",
            ),
            (
                vec![URL, ("DATABASE_READ_URL", "secret")],
                "DATABASE_READ_URL does not start with postgres://",
            ),
            (
                vec![URL, ("HOLDFAST_API_ADDR", "8080")],
                "HOLDFAST_API_ADDR is '8080'; it must be an address with a port, such as 127.0.0.1:8080",
            ),
            (
                vec![URL, ("HOLDFAST_ADMIN_ADDR", "127.0.0.1:8080")],
                "HOLDFAST_ADMIN_ADDR is 127.0.0.1:8080, which is the public address",
            ),
            (
                vec![URL, ("HOLDFAST_API_READ_CONNECTIONS", "0")],
                "HOLDFAST_API_READ_CONNECTIONS is '0'; it must be a whole number from 1",
            ),
            (
                vec![URL, ("HOLDFAST_SCREEN_OUTSIDE", "payout,all")],
                "HOLDFAST_SCREEN_OUTSIDE is 'payout,all'; it must be kinds with commas, of transfer, \
                 deposit, payout and reversal",
            ),
            (
                vec![URL, ("HOLDFAST_INTAKE_BULK_PERCENT", "101")],
                "HOLDFAST_INTAKE_BULK_PERCENT is '101'; it must be a whole number from 1 to 100",
            ),
            (
                vec![URL, ("HOLDFAST_RATE_KEY", "fast")],
                "HOLDFAST_RATE_KEY is 'fast'; it must be requests a second such as 1000, or with a burst such \
                 as 1000:5000, or 0",
            ),
            (
                vec![URL, ("HOLDFAST_TLS_CERT_FILE", "cert.pem")],
                "HOLDFAST_TLS_KEY_FILE is not set, but HOLDFAST_TLS_CERT_FILE is",
            ),
            (
                vec![URL, ("HOLDFAST_LOG_FORMAT", "xml")],
                "HOLDFAST_LOG_FORMAT is 'xml'; it must be text or json",
            ),
            (
                vec![URL, ("HOLDFAST_PAYOUT_WEBHOOK_SECRET_OLD", "too short")],
                "HOLDFAST_PAYOUT_WEBHOOK_SECRET_OLD must have at least 16 characters",
            ),
        ] {
            assert_eq!(read(&set).unwrap_err(), sentence);
        }
    }
}
