//! The door's variables.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::{ConfigError, POSITIVE, Source};
use crate::door::{DoorConfig, Origins, RateText, TlsFiles};

const RATE: &str = "requests a second such as 1000, or with a burst such as 1000:5000, or 0";
const NETWORKS: &str = "addresses or networks with commas, such as 10.0.0.0/8";
const ORIGINS: &str = "origins with commas, such as https://app.example.com";

/// Reads what is set into `door`.
pub(super) fn read<F>(source: &Source<F>, door: &mut DoorConfig) -> Result<(), ConfigError>
where
    F: Fn(&'static str) -> Result<Option<String>, String>,
{
    for (variable, rate) in [
        ("HOLDFAST_RATE_KEY", &mut door.rate_key),
        ("HOLDFAST_RATE_OWNER", &mut door.rate_owner),
        ("HOLDFAST_RATE_ADDRESS", &mut door.rate_address),
    ] {
        let mut read = RateText::default();
        if source.read(variable, RATE, &mut read)? {
            *rate = read.0;
        }
    }
    let mut number = NonZeroU32::MIN;
    for (variable, count) in [
        ("HOLDFAST_REQUESTS_MAX", &mut door.requests_max),
        ("HOLDFAST_CONNECTIONS_MAX", &mut door.connections_max),
        ("HOLDFAST_CONNECTIONS_PER_ADDRESS_MAX", &mut door.connections_per_address_max),
    ] {
        if source.read(variable, POSITIVE, &mut number)? {
            *count = usize::try_from(number.get()).unwrap_or(usize::MAX);
        }
    }
    for (variable, time) in [
        ("HOLDFAST_HEADER_MAX_S", &mut door.header_max),
        ("HOLDFAST_IDLE_MAX_S", &mut door.idle_max),
        ("HOLDFAST_WRITE_MAX_S", &mut door.write_max),
    ] {
        if source.read(variable, POSITIVE, &mut number)? {
            *time = Duration::from_secs(number.get().into());
        }
    }
    source.read("HOLDFAST_TRUSTED_PROXIES", NETWORKS, &mut door.trusted_proxies)?;
    let mut origins = Origins(Vec::new());
    source.read("HOLDFAST_CORS_ORIGINS", ORIGINS, &mut origins)?;
    door.cors_origins = origins.0;
    door.tls = tls(source, "HOLDFAST_TLS_CERT_FILE", "HOLDFAST_TLS_KEY_FILE")?;
    door.admin_tls = tls(source, "HOLDFAST_ADMIN_TLS_CERT_FILE", "HOLDFAST_ADMIN_TLS_KEY_FILE")?;
    Ok(())
}

/// A certificate is of no use without its key, and half a setting must not mean plain HTTP.
fn tls<F>(
    source: &Source<F>,
    cert: &'static str,
    key: &'static str,
) -> Result<Option<TlsFiles>, ConfigError>
where
    F: Fn(&'static str) -> Result<Option<String>, String>,
{
    let lonely =
        |variable, other| ConfigError { variable, problem: format!("is not set, but {other} is") };
    match (source.text(cert)?, source.text(key)?) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => {
            Ok(Some(TlsFiles { cert: PathBuf::from(cert), key: PathBuf::from(key) }))
        }
        (Some(_), None) => Err(lonely(key, cert)),
        (None, Some(_)) => Err(lonely(cert, key)),
    }
}
