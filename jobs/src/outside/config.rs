//! Whom to ask, read from the environment.

use std::fmt;
use std::time::Duration;

use crate::ConfigError;
use crate::config::{number, wrong};

/// The payout provider's name when none is given; the API has the same.
const DEFAULT_NAME: &str = "payouts";
/// Characters of a provider's name: it stands in paths and in log lines.
const NAME_CHARS_MAX: usize = 32;

/// Longer than a provider takes on a bad day; a payout that takes longer is asked about.
const PAYOUT_TIMEOUT_MS: u32 = 10_000;
/// A screening is a look-up, and a client waits for it.
const SCREENING_TIMEOUT_MS: u32 = 5_000;
/// Calls under way at one provider.
const CONCURRENCY: u32 = 32;
/// How long a provider that fails is left alone.
const PAUSE_MS: u32 = 5_000;
/// Calls in hand of a process, at all providers together. As many as both of them have places.
const CALLS: u32 = 64;

/// Everything that can be set about others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideConfig {
    /// Who makes payouts; none when nobody does.
    pub payouts: Option<ProviderConfig>,
    /// Who screens transfers; none when nobody does.
    pub screening: Option<ProviderConfig>,
    /// Calls in hand of this process at a time, 1 to 1024.
    pub call_concurrency: usize,
}

/// How one of them is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// Its name, for people and for the path of its notices.
    pub name: String,
    /// Where it is, without the slash at the end.
    pub url: String,
    /// Sent as `Authorization: Bearer`; none when it wants none.
    pub token: Option<Token>,
    /// The longest that a call takes, from the first byte of the connection to the last of
    /// the answer.
    pub timeout: Duration,
    /// Calls under way at a time, in this process.
    pub concurrency: usize,
    /// How long it is left alone when most calls have failed.
    pub pause: Duration,
}

/// A token that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Default for OutsideConfig {
    fn default() -> Self {
        Self { payouts: None, screening: None, call_concurrency: widen(CALLS) }
    }
}

impl ProviderConfig {
    /// One at `url`, with the timeout of payouts and all other defaults.
    pub fn new(name: &str, url: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: url.trim_end_matches('/').to_owned(),
            token: None,
            timeout: Duration::from_millis(PAYOUT_TIMEOUT_MS.into()),
            concurrency: widen(CONCURRENCY),
            pause: Duration::from_millis(PAUSE_MS.into()),
        }
    }
}

/// The variables of one provider.
struct Names {
    url: &'static str,
    token: &'static str,
    timeout: &'static str,
    concurrency: &'static str,
}

const PAYOUTS: Names = Names {
    url: "HOLDFAST_PAYOUT_PROVIDER_URL",
    token: "HOLDFAST_PAYOUT_PROVIDER_TOKEN",
    timeout: "HOLDFAST_PAYOUT_TIMEOUT_MS",
    concurrency: "HOLDFAST_PAYOUT_CONCURRENCY",
};
const SCREENING: Names = Names {
    url: "HOLDFAST_SCREENING_URL",
    token: "HOLDFAST_SCREENING_TOKEN",
    timeout: "HOLDFAST_SCREENING_TIMEOUT_MS",
    concurrency: "HOLDFAST_SCREENING_CONCURRENCY",
};
const NAME: &str = "HOLDFAST_PAYOUT_PROVIDER_NAME";

impl OutsideConfig {
    /// Whether there is anybody to ask.
    pub fn is_configured(&self) -> bool {
        self.payouts.is_some() || self.screening.is_some()
    }

    pub(crate) fn from_lookup(
        lookup: impl Fn(&str) -> Option<String> + Copy,
    ) -> Result<Self, ConfigError> {
        let name = lookup(NAME).unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.len() > NAME_CHARS_MAX || !name.chars().all(fits) {
            let problem = format!("must be at most {NAME_CHARS_MAX} of a to z, 0 to 9, - and _");
            return Err(wrong(NAME, &problem));
        }
        let mut config = Self {
            payouts: provider(lookup, &PAYOUTS, &name, PAYOUT_TIMEOUT_MS)?,
            screening: provider(lookup, &SCREENING, "screening", SCREENING_TIMEOUT_MS)?,
            ..Self::default()
        };
        if let Some(calls) = number(lookup, "HOLDFAST_CALL_CONCURRENCY", 1..=1_024)? {
            config.call_concurrency = widen(calls);
        }
        Ok(config)
    }
}

fn provider(
    lookup: impl Fn(&str) -> Option<String> + Copy,
    names: &Names,
    name: &str,
    timeout_ms: u32,
) -> Result<Option<ProviderConfig>, ConfigError> {
    let Some(url) = lookup(names.url) else { return Ok(None) };
    let parsed = reqwest::Url::parse(&url).ok();
    let usable = |url: &reqwest::Url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
    };
    if !parsed.as_ref().is_some_and(usable) {
        // The value is not repeated: it may hold a password.
        return Err(wrong(names.url, "must be an address such as https://provider.example/v1"));
    }
    let mut config = ProviderConfig::new(name, &url);
    config.token = lookup(names.token).map(Token);
    if config.token.as_ref().is_some_and(|token| !token.0.chars().all(|c| c.is_ascii_graphic())) {
        return Err(wrong(names.token, "must be visible ASCII characters"));
    }
    let timeout_ms = number(lookup, names.timeout, 100..=120_000)?.unwrap_or(timeout_ms);
    config.timeout = Duration::from_millis(timeout_ms.into());
    if let Some(concurrency) = number(lookup, names.concurrency, 1..=1_024)? {
        config.concurrency = widen(concurrency);
    }
    if let Some(pause_ms) = number(lookup, "HOLDFAST_CALL_PAUSE_MS", 100..=600_000)? {
        config.pause = Duration::from_millis(pause_ms.into());
    }
    Ok(Some(config))
}

fn widen(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<OutsideConfig, String> {
        let lookup = |name: &str| set.iter().find(|one| one.0 == name).map(|one| one.1.to_owned());
        OutsideConfig::from_lookup(lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn nobody_is_asked_unless_an_address_is_set() {
        let config = read(&[("HOLDFAST_PAYOUT_TIMEOUT_MS", "5")]).unwrap();
        assert_eq!(config, OutsideConfig::default());
        assert!(!config.is_configured());
    }

    #[test]
    fn each_has_its_own_limits() {
        let config = read(&[
            ("HOLDFAST_PAYOUT_PROVIDER_URL", "https://pay.example/v1/"),
            ("HOLDFAST_PAYOUT_PROVIDER_TOKEN", "s3cret"),
            ("HOLDFAST_SCREENING_URL", "http://127.0.0.1:1"),
            ("HOLDFAST_SCREENING_TIMEOUT_MS", "700"),
            ("HOLDFAST_SCREENING_CONCURRENCY", "8"),
        ])
        .unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
        let (payouts, screening) = (config.payouts.unwrap(), config.screening.unwrap());
        assert_eq!(
            (payouts.name.as_str(), payouts.url.as_str()),
            ("payouts", "https://pay.example/v1")
        );
        assert_eq!((payouts.timeout, payouts.concurrency), (Duration::from_secs(10), 32));
        assert_eq!((screening.timeout, screening.concurrency), (Duration::from_millis(700), 8));
    }

    #[test]
    fn a_wrong_value_is_a_sentence_that_names_the_variable() {
        let url = ("HOLDFAST_PAYOUT_PROVIDER_URL", "http://127.0.0.1:1");
        for (set, sentence) in [
            (
                vec![("HOLDFAST_PAYOUT_PROVIDER_URL", "pay.example")],
                "HOLDFAST_PAYOUT_PROVIDER_URL must be an address such as https://provider.example/v1",
            ),
            (
                vec![("HOLDFAST_SCREENING_URL", "ftp://me:secret@x")],
                "HOLDFAST_SCREENING_URL must be an address such as https://provider.example/v1",
            ),
            (
                vec![url, ("HOLDFAST_PAYOUT_TIMEOUT_MS", "99")],
                "HOLDFAST_PAYOUT_TIMEOUT_MS must be a whole number from 100 to 120000",
            ),
            (
                vec![url, ("HOLDFAST_CALL_PAUSE_MS", "0")],
                "HOLDFAST_CALL_PAUSE_MS must be a whole number from 100 to 600000",
            ),
            (
                vec![url, ("HOLDFAST_PAYOUT_PROVIDER_NAME", "Pay/1")],
                "HOLDFAST_PAYOUT_PROVIDER_NAME must be at most 32 of a to z, 0 to 9, - and _",
            ),
            (
                vec![url, ("HOLDFAST_PAYOUT_PROVIDER_TOKEN", "two words")],
                "HOLDFAST_PAYOUT_PROVIDER_TOKEN must be visible ASCII characters",
            ),
        ] {
            assert_eq!(read(&set).unwrap_err(), sentence);
        }
    }
}
