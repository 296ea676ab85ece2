//! What the door lets in.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;

use super::address::Networks;

/// How much and how fast. The defaults are in `docs/CONFIGURATION.md`.
#[derive(Debug, Clone)]
pub struct DoorConfig {
    /// How often one credential may be used; none for no limit.
    pub rate_key: Option<Rate>,
    /// How often the credentials of one owner together; none for no limit.
    pub rate_owner: Option<Rate>,
    /// How often one address may ask; none for no limit.
    pub rate_address: Option<Rate>,
    /// Requests in hand at a time; more are turned away.
    pub requests_max: usize,
    /// Connections at a time, on each listening address.
    pub connections_max: usize,
    /// Connections at a time from one address.
    pub connections_per_address_max: usize,
    /// From the first byte of a request until its headers are whole; also for a TLS handshake.
    pub header_max: Duration,
    /// How long a connection may wait for its next request.
    pub idle_max: Duration,
    /// How long an answer may wait for a client that does not take it.
    pub write_max: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// Pages of these origins may call; none may by default.
    pub cors_origins: Vec<HeaderValue>,
    /// Certificate of the public address; it speaks plain HTTP without one.
    pub tls: Option<TlsFiles>,
    /// Certificate of the operators' address.
    pub admin_tls: Option<TlsFiles>,
}

/// A certificate and its key, as PEM files. They are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead to a root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How often somebody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once, after a rest.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A burst of two seconds' worth.
    const fn of(per_second: u32) -> Option<Self> {
        let burst = NonZeroU32::new(per_second.saturating_mul(2));
        match (NonZeroU32::new(per_second), burst) {
            (Some(per_second), Some(burst)) => Some(Self { per_second, burst }),
            _ => None,
        }
    }
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self {
            rate_key: Rate::of(1_000),
            rate_owner: Rate::of(1_000),
            rate_address: Rate::of(5_000),
            requests_max: 4_096,
            connections_max: 8_192,
            // Behind a load balancer all connections come from a few addresses.
            connections_per_address_max: usize::MAX,
            header_max: Duration::from_secs(10),
            // Longer than load balancers keep a connection: else they send into one that just closed.
            idle_max: Duration::from_secs(75),
            write_max: Duration::from_secs(30),
            trusted_proxies: Networks::default(),
            cors_origins: Vec::new(),
            tls: None,
            admin_tls: None,
        }
    }
}

impl DoorConfig {
    /// Without limits on how often somebody asks: for load of our own.
    #[must_use]
    pub fn without_rates() -> Self {
        Self { rate_key: None, rate_owner: None, rate_address: None, ..Self::default() }
    }
}

/// A limit as it is configured: `1000`, or `1000:5000` with a burst; `0` for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RateText(pub Option<Rate>);

impl FromStr for RateText {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((rate, burst)) = text.split_once(':') else {
            return text.trim().parse().map(|rate| Self(Rate::of(rate)));
        };
        let (rate, burst) = (rate.trim().parse()?, burst.trim().parse()?);
        Ok(Self(Some(Rate { per_second: rate, burst })))
    }
}

/// Origins with commas, such as `https://app.example.com`.
pub(crate) struct Origins(pub Vec<HeaderValue>);

impl FromStr for Origins {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let origin = |text: &str| {
            let (scheme, host) = text.split_once("://").ok_or(())?;
            let fine =
                matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains('/');
            if !fine {
                return Err(());
            }
            HeaderValue::from_str(text).map_err(|_| ())
        };
        text.split(',').map(|one| origin(one.trim())).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_burst_of_two_seconds_unless_it_says_another() {
        let of = |text: &str| text.parse::<RateText>().map(|rate| rate.0);
        let pair = |rate: Rate| (rate.per_second.get(), rate.burst.get());
        assert_eq!(of("1000").unwrap().map(pair), Some((1000, 2000)));
        assert_eq!(of("10:500").unwrap().map(pair), Some((10, 500)));
        assert_eq!(of("0").unwrap(), None);
        for wrong in ["", "-1", "1:0", "many", "0:5"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert_eq!(
            "https://a.example, http://localhost:5173".parse::<Origins>().unwrap().0.len(),
            2
        );
        for wrong in ["*", "a.example", "https://a.example/", "ftp://a"] {
            assert!(wrong.parse::<Origins>().is_err(), "{wrong}");
        }
    }
}
