//! The device flow (RFC 8628): the person confirms a code in a browser anywhere, while we ask again and again.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::issuer::Issuer;
use super::proof::Proof;
use super::{Grant, LoginError, PERSON_TIME_MAX};
use crate::out;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two questions unless the issuer names another time, and what it is longer when we ask too often.
const INTERVAL: Duration = Duration::from_secs(5);

/// What the issuer hands out.
#[derive(Deserialize)]
struct Handed {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

pub(super) async fn run(issuer: &Issuer<'_>, endpoint: &str) -> Result<Grant, LoginError> {
    let proof = Proof::new()?;
    let mut form: Vec<_> = issuer.wanted().collect();
    form.extend([("code_challenge", proof.challenge.as_str()), ("code_challenge_method", "S256")]);
    let handed: Result<Handed, _> = issuer.ask(endpoint, &form).await?;
    let handed = handed.map_err(|no| LoginError::Refused(no.to_string()))?;
    let Handed { user_code, verification_uri, .. } = &handed;
    let address = handed.verification_uri_complete.as_ref().unwrap_or(verification_uri);
    out::tell(&format!("open {address}\nand confirm the code {user_code}"));

    let end = Instant::now() + Duration::from_secs(handed.expires_in).min(PERSON_TIME_MAX);
    let mut interval = handed.interval.map_or(INTERVAL, Duration::from_secs);
    let form = [
        ("grant_type", GRANT),
        ("device_code", handed.device_code.as_str()),
        ("code_verifier", proof.verifier.as_str()),
    ];
    while Instant::now() + interval < end {
        sleep(interval).await;
        match issuer.grant(&form).await {
            Ok(Ok(grant)) => return Ok(grant),
            Ok(Err(no)) => match no.error.as_str() {
                "authorization_pending" => {}
                "slow_down" => interval += INTERVAL,
                "expired_token" => return Err(LoginError::Late),
                _ => return Err(LoginError::Refused(no.to_string())),
            },
            // A connection that was lost says nothing about the person; ask less often (section 3.5).
            Err(LoginError::Away(..)) => interval *= 2,
            Err(error) => return Err(error),
        }
    }
    Err(LoginError::Late)
}
