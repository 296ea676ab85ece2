//! `holdfast-admin login`: a token of the issuer for a person, got in the browser and renewed by itself.
//!
//! By the device flow (RFC 8628), which works over SSH: the person opens an address anywhere and confirms a code. Where
//! the issuer has no device flow, or with `--browser`, by the code flow with a listener on the loopback (RFC 8252). Both
//! carry a proof of possession (PKCE, RFC 7636), so that whoever sees a code on its way can do nothing with it.
//!
//! Invariant: a token is sent to the address that it was got for and to nobody else, and neither printed nor logged.

use std::time::Duration;

use chrono::Utc;
use serde::Deserialize;

mod browser;
mod device;
mod issuer;
mod kept;
mod proof;

use issuer::Issuer;
pub use kept::{Kept, Store};

use crate::out;

/// An issuer answers within this time or is away.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// A person who has not confirmed by then has left.
const PERSON_TIME_MAX: Duration = Duration::from_mins(10);

/// Where a context's operators log in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginConfig {
    /// The issuer, as the API has it.
    pub issuer: String,
    /// The id that the issuer gave to this console: a public client, without a secret.
    pub client_id: String,
    /// Scopes with spaces between them. With `offline_access`, most issuers let a login be renewed.
    #[serde(default = "scope")]
    pub scope: String,
    /// What the token is for, where the issuer asks for it in a parameter `audience`.
    pub audience: Option<String>,
    /// The port of the loopback that the browser is sent back to; any when none is named.
    #[serde(default)]
    pub redirect_port: u16,
}

fn scope() -> String {
    "openid offline_access".to_owned()
}

/// Why nobody is logged in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoginError {
    /// The issuer's address would let anybody on the way read tokens.
    #[error("login.issuer is {0}; it must begin with https://, or with http:// on the loopback")]
    Insecure(String),
    /// The issuer cannot be reached, or what answers is no issuer.
    #[error("the issuer {0} does not answer as one: {1}")]
    Away(String, String),
    /// The issuer offers neither way.
    #[error("the issuer {0} offers {1} no way to log in")]
    NoWay(String, &'static str),
    /// The issuer says no.
    #[error("the issuer says no: {0}")]
    Refused(String),
    /// It was ended elsewhere, or another one has taken its place.
    #[error("this login was ended; log in again")]
    LoggedOut,
    /// Nobody confirmed in time.
    #[error("nobody confirmed the login in time; log in again")]
    Late,
    /// The file with the login cannot be used.
    #[error("{0}: {1}")]
    File(std::path::PathBuf, String),
    /// This machine gives no port or no randomness.
    #[error("{0}")]
    Machine(String),
}

/// What the issuer gives.
#[derive(Deserialize)]
struct Grant {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<i64>,
}

impl Grant {
    /// What is kept of it for the system at `address`.
    fn kept(self, config: &LoginConfig, address: &str, refresh_before: Option<String>) -> Kept {
        Kept {
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            address: address.to_owned(),
            access_token: self.access_token,
            // An issuer that does not change it leaves it out.
            refresh_token: self.refresh_token.or(refresh_before),
            expires_at: self.expires_in.map(|seconds| Utc::now().timestamp() + seconds),
        }
    }
}

/// Logs a person in to the system at `address`, and keeps what the issuer gives.
///
/// # Errors
/// See [`LoginError`].
pub async fn login(
    config: &LoginConfig,
    address: &str,
    store: &Store,
    in_browser: bool,
) -> Result<(), LoginError> {
    let issuer = Issuer::find(config).await?;
    let grant = match (&issuer.known.device_authorization_endpoint, in_browser) {
        (Some(endpoint), false) => device::run(&issuer, endpoint).await?,
        _ => browser::run(&issuer).await?,
    };
    let kept = grant.kept(config, address, None);
    store.write(&kept)?;
    out::tell(match kept.refresh_token {
        Some(_) => "logged in; the login renews itself",
        None => "logged in; the login ends with its token, since the issuer gave none to renew it",
    });
    Ok(())
}

/// A login with a new token instead of the one that is about to end.
pub(crate) async fn renew(
    config: &LoginConfig,
    kept: &Kept,
    refresh_token: &str,
) -> Result<Kept, LoginError> {
    let issuer = Issuer::find(config).await?;
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    let grant = issuer.grant(&form).await?.map_err(|no| LoginError::Refused(no.to_string()))?;
    Ok(grant.kept(config, &kept.address, Some(refresh_token.to_owned())))
}
