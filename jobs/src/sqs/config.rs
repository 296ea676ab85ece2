//! Where the queues are, read from the environment.

use std::time::Duration;

use crate::ConfigError;
use crate::config::number;

/// Everything that can be set about SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqsConfig {
    /// Another endpoint than AWS's own; none for AWS.
    pub endpoint_url: Option<String>,
    /// Queue of the audit trail.
    pub audit: QueueAt,
    /// Queue of the business figures.
    pub metrics: QueueAt,
    /// Create queues that are missing, each with its dead-letter queue. For development.
    pub create_queues: bool,
    /// The longest that a consumer works on a batch, from receive to delete; at least 1 s. A
    /// queue that shows messages again sooner is refused, and one that is created hides them
    /// for three times as long.
    pub consumer_timeout: Duration,
    /// The most events that the relay puts into one message, 1 to 100.
    pub events_per_message: usize,
    /// The longest that an event waits for the relay when its wake-up was lost.
    pub relay_tick: Duration,
}

/// Where one queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueAt {
    /// The variable that names it, for messages to people.
    pub variable: &'static str,
    /// Its address or, within the account and region, its name.
    pub place: String,
}

impl QueueAt {
    /// The name: the last part of an address.
    pub(crate) fn name(&self) -> &str {
        self.place.rsplit('/').next().unwrap_or(&self.place)
    }

    /// The address, unless only a name was given.
    pub(crate) fn url(&self) -> Option<&str> {
        self.place.contains("://").then_some(self.place.as_str())
    }
}

/// Visibility timeout of a queue that is created, in timeouts of a consumer.
pub(crate) const VISIBILITY_FACTOR: u32 = 3;

/// Of envelopes as they are, this many are half of what a message may have.
const EVENTS_PER_MESSAGE_MAX: u32 = 100;

const RELAY_TICK: Duration = Duration::from_millis(250);

/// Less than SQS's own default visibility timeout of 30 s.
const CONSUMER_TIMEOUT_S: u32 = 20;
/// SQS hides a message for 12 hours at most.
const CONSUMER_TIMEOUT_S_MAX: u32 = 43_200 / VISIBILITY_FACTOR;

const ENDPOINT: &str = "SQS_ENDPOINT_URL";
const AUDIT: &str = "HOLDFAST_QUEUE_AUDIT_URL";
const METRICS: &str = "HOLDFAST_QUEUE_METRICS_URL";
const CREATE: &str = "HOLDFAST_CREATE_QUEUES";
const TIMEOUT: &str = "HOLDFAST_CONSUMER_TIMEOUT_S";
const EVENTS_PER_MESSAGE: &str = "HOLDFAST_EVENTS_PER_MESSAGE";

impl SqsConfig {
    /// Reads variables through `lookup`. None when nothing about SQS is set: this
    /// process then neither sends nor receives events.
    pub(crate) fn from_lookup(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        if [ENDPOINT, AUDIT, METRICS, CREATE].iter().all(|variable| lookup(variable).is_none()) {
            return Ok(None);
        }
        let endpoint_url = lookup(ENDPOINT);
        if let Some(url) = &endpoint_url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            let problem = format!("is '{url}'; it must start with http:// or https://");
            return Err(ConfigError { variable: ENDPOINT, problem });
        }
        let create_queues = match lookup(CREATE).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                let problem = "must be true or false".to_owned();
                return Err(ConfigError { variable: CREATE, problem });
            }
        };
        let timeout_s = number(&lookup, TIMEOUT, 1..=CONSUMER_TIMEOUT_S_MAX)?;
        let timeout_s = timeout_s.unwrap_or(CONSUMER_TIMEOUT_S);
        let per_message = number(&lookup, EVENTS_PER_MESSAGE, 1..=EVENTS_PER_MESSAGE_MAX)?;
        let queue = |variable, name: &str| QueueAt {
            variable,
            place: lookup(variable).unwrap_or_else(|| name.to_owned()),
        };
        Ok(Some(Self {
            endpoint_url,
            audit: queue(AUDIT, "wallet-audit"),
            metrics: queue(METRICS, "wallet-metrics"),
            create_queues,
            consumer_timeout: Duration::from_secs(timeout_s.into()),
            events_per_message: per_message.and_then(|most| most.try_into().ok()).unwrap_or(1),
            relay_tick: RELAY_TICK,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Option<SqsConfig>, String> {
        let value = |name: &str| set.iter().find(|one| one.0 == name).map(|one| one.1.to_owned());
        SqsConfig::from_lookup(value).map_err(|error| error.to_string())
    }

    #[test]
    fn one_variable_is_enough_and_none_means_no_sqs() {
        assert_eq!(read(&[]).unwrap(), None);
        let config = read(&[(ENDPOINT, "http://127.0.0.1:4566")]).unwrap().unwrap();
        assert_eq!(
            (config.audit.name(), config.metrics.name()),
            ("wallet-audit", "wallet-metrics")
        );
        assert!(!config.create_queues && config.audit.url().is_none());
        let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/money.fifo";
        let config = read(&[(AUDIT, url)]).unwrap().unwrap();
        assert_eq!((config.audit.name(), config.audit.url()), ("money.fifo", Some(url)));
        assert_eq!(config.endpoint_url, None);
        assert_eq!(config.consumer_timeout, Duration::from_secs(20));
        assert_eq!(config.events_per_message, 1);
        let config = read(&[(AUDIT, url), (EVENTS_PER_MESSAGE, "100")]).unwrap().unwrap();
        assert_eq!(config.events_per_message, 100);
    }

    #[test]
    fn a_wrong_value_is_a_sentence_that_names_the_variable() {
        for (variable, value, sentence) in [
            (
                ENDPOINT,
                "localhost",
                "SQS_ENDPOINT_URL is 'localhost'; it must start with http:// or https://",
            ),
            (CREATE, "yes", "HOLDFAST_CREATE_QUEUES must be true or false"),
            (
                EVENTS_PER_MESSAGE,
                "101",
                "HOLDFAST_EVENTS_PER_MESSAGE must be a whole number from 1 to 100",
            ),
            (TIMEOUT, "0", "HOLDFAST_CONSUMER_TIMEOUT_S must be a whole number from 1 to 14400"),
        ] {
            assert_eq!(read(&[(AUDIT, "a"), (variable, value)]).unwrap_err(), sentence);
        }
    }
}
