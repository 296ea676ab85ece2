//! Configuration of `holdfast-jobs`, read from the environment in this one place.

use std::time::Duration;

use domain::group::{Boundaries, Patience};
use domain::retry::RetrySchedule;
use domain::wallet::SYSTEM_SHARD_COUNT;
use store::pool::{Database, Settings, SettingsError};
use ulid::Ulid;

use crate::{OutsideConfig, Role, RunError, SqsConfig, keeper};

/// How long the event log is kept.
pub(crate) const EVENT_DAYS: &str = "HOLDFAST_EVENT_DAYS";

/// The fewest days that a log can be kept: SQS keeps messages as long, and people look at what they were about.
const DAYS_MIN: u32 = 14;
/// The most, a century.
const DAYS_MAX: u32 = 36_500;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database.
    pub database: Database,
    /// How far one transaction goes.
    pub boundaries: Boundaries,
    /// When failed steps are tried again.
    pub schedule: RetrySchedule,
    /// How long to wait for others.
    pub patience: Patience,
    /// Shard of the system wallets, 0 to 15. Processes with different shards do
    /// not queue for one cash wallet.
    pub shard: u8,
    /// When lost and finished work is looked for.
    pub keeper: keeper::Config,
    /// The queues that events go to; none to leave events in the outbox.
    pub sqs: Option<SqsConfig>,
    /// Who is asked for payouts and screenings.
    pub outside: OutsideConfig,
    /// What this process says about itself.
    pub telemetry: telemetry::Config,
    /// What this process does; none for all that is configured.
    pub roles: Option<Vec<Role>>,
}

/// A variable is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it, and what it should be.
    pub problem: String,
}

impl From<SettingsError> for ConfigError {
    fn from(SettingsError { variable, problem }: SettingsError) -> Self {
        Self { variable, problem }
    }
}

impl From<telemetry::ConfigError> for ConfigError {
    fn from(error: telemetry::ConfigError) -> Self {
        Self { variable: error.variable, problem: error.problem }
    }
}

impl Config {
    /// Defaults for everything but the database.
    pub fn new(database: impl Into<Database>) -> Self {
        Self {
            database: database.into(),
            boundaries: Boundaries::Fused,
            schedule: RetrySchedule::default(),
            patience: Patience::default(),
            // Any value works. Not from the process id: in containers that is always 1.
            shard: u8::try_from(Ulid::generate().random() % u128::from(SYSTEM_SHARD_COUNT))
                .unwrap_or(0),
            keeper: keeper::Config::default(),
            sqs: None,
            outside: OutsideConfig::default(),
            telemetry: telemetry::Config::default(),
            roles: None,
        }
    }

    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables through `lookup`, which tests replace.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // Set to nothing counts as not set: compose files and templates write it so.
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let databases = Settings::from_lookup(|name| Ok(lookup(name)))?;
        let mut config = Self::new(databases.writer);
        match lookup("HOLDFAST_STEP_BOUNDARIES").as_deref() {
            None | Some("fused") => {}
            Some("all") => config.boundaries = Boundaries::EveryStep,
            Some(_) => return Err(wrong("HOLDFAST_STEP_BOUNDARIES", "must be fused or all")),
        }
        if let Some(attempt_max) = number(lookup, "HOLDFAST_RETRY_ATTEMPT_MAX", 1..=100)? {
            config.schedule.attempt_max = attempt_max;
        }
        if let Some(base) = number(lookup, "HOLDFAST_RETRY_BACKOFF_BASE_MS", 1..=600_000)? {
            config.schedule.backoff_base = Duration::from_millis(base.into());
        }
        if let Some(max) = number(lookup, "HOLDFAST_RETRY_BACKOFF_MAX_MS", 1..=3_600_000)? {
            config.schedule.backoff_max = Duration::from_millis(max.into());
        }
        if let Some(every) = number(lookup, "HOLDFAST_PAYOUT_CONFIRM_EVERY_MS", 100..=3_600_000)? {
            config.patience.confirm_every = Duration::from_millis(every.into());
        }
        if let Some(max) = number(lookup, "HOLDFAST_PAYOUT_CONFIRMATION_MAX_S", 1..=2_592_000)? {
            config.patience.confirmation_max = Duration::from_secs(max.into());
        }
        let last_shard = u32::from(SYSTEM_SHARD_COUNT) - 1;
        if let Some(shard) = number(lookup, "HOLDFAST_LANE_SHARD", 0..=last_shard)? {
            config.shard = u8::try_from(shard).unwrap_or(0);
        }
        let keeper = &mut config.keeper;
        keeper.events_kept = days(lookup, EVENT_DAYS, keeper.events_kept)?;
        keeper.steps_kept = days(lookup, "HOLDFAST_STEP_DAYS", keeper.steps_kept)?;
        config.sqs = SqsConfig::from_lookup(lookup)?;
        config.outside = OutsideConfig::from_lookup(lookup)?;
        config.telemetry = telemetry::Config::from_lookup(lookup)?;
        if let Some(roles) = lookup("HOLDFAST_ROLES") {
            let roles = Role::parse_list(&roles);
            config.roles = Some(roles.map_err(|problem| wrong("HOLDFAST_ROLES", &problem))?);
        }
        Ok(config)
    }

    /// What this process does. Fails when it was given a role without what that needs.
    pub(crate) fn roles(&self) -> Result<Vec<Role>, RunError> {
        let configured = |role: &Role| match role {
            Role::Calls => self.outside.is_configured(),
            role => self.sqs.is_some() || !role.needs_sqs(),
        };
        let Some(roles) = &self.roles else {
            return Ok(Role::all().into_iter().filter(configured).collect());
        };
        match roles.iter().find(|role| !configured(role)) {
            Some(Role::Calls) => Err(RunError::NoProvider),
            Some(role) => Err(RunError::NoSqs(role.name())),
            None => Ok(roles.clone()),
        }
    }
}

/// A whole number within `range`; none when the variable is not set.
pub(crate) fn number(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<Option<u32>, ConfigError> {
    let Some(text) = lookup(variable) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (low, high) = (range.start(), range.end());
    let problem = || wrong(variable, &format!("must be a whole number from {low} to {high}"));
    number.map(Some).ok_or_else(problem)
}

/// How long a log is kept; none for ever, which is written 0.
fn days(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    default: Option<Duration>,
) -> Result<Option<Duration>, ConfigError> {
    let Some(text) = lookup(variable) else { return Ok(default) };
    match text.parse() {
        Ok(0) => Ok(None),
        Ok(days @ DAYS_MIN..=DAYS_MAX) => Ok(Some(Duration::from_hours(u64::from(days) * 24))),
        _ => Err(wrong(
            variable,
            &format!(
                "must be a whole number of days from {DAYS_MIN} to {DAYS_MAX}, or 0 to keep all"
            ),
        )),
    }
}

pub(crate) fn wrong(variable: &'static str, problem: &str) -> ConfigError {
    ConfigError { variable, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_logs_are_a_number_or_zero_for_ever() {
        let read = |text: &'static str| {
            let config = Config::from_lookup(|name| match name {
                "DATABASE_URL" => Some("postgres://host/database".to_owned()),
                EVENT_DAYS => Some(text.to_owned()),
                _ => None,
            });
            let day = |kept: Duration| kept.as_secs() / 86_400;
            config
                .map(|config| {
                    (config.keeper.events_kept.map(day), config.keeper.steps_kept.map(day))
                })
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(""), Ok((Some(35), Some(35))));
        assert_eq!(read("0"), Ok((None, Some(35))));
        assert_eq!(read("90"), Ok((Some(90), Some(35))));
        let sentence =
            "HOLDFAST_EVENT_DAYS must be a whole number of days from 14 to 36500, or 0 to keep all";
        for wrong in ["13", "-1", "3.5", "a month", "36501"] {
            assert_eq!(read(wrong), Err(sentence.to_owned()), "{wrong}");
        }
    }
}
