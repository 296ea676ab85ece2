//! Who asks, and what they may do.
//!
//! On the customers' address everybody sends `Authorization: Bearer` with a token of the issuer or an API key. Both
//! come to a [`Caller`]: an id, scopes, and the owner whose wallets they see. Handlers name the scope
//! that they need by the extractor that they take ([`Reader`], [`Writer`], [`Depositor`], [`Guardian`]), and ask
//! the caller whether a wallet is theirs. What is not theirs is answered as if it did not exist.
//!
//! Invariant: nothing is believed of a token before its signature is checked with a key of the issuer that is for the
//! algorithm that the token names, and neither tokens nor secrets are logged.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use store::operators::Operator;
use store::pool::Pool;

use crate::door::InHand;
use crate::error::ApiError;
use crate::extract::header_once;
use crate::state::App;

mod cache;
mod caller;
mod config;
mod jwks;
mod keys;
mod operators;
mod owned;
mod provider;
mod refusal;
mod tokens;

pub(crate) use caller::{Caller, Depositor, Guardian, Reader, Writer};
pub use config::{AuthConfig, IssuerConfig};
use keys::ApiKeys;
pub(crate) use keys::{Fresh, make as make_key};
pub(crate) use operators::Operators;
pub(crate) use owned::{check_source, is_told_why, own_wallets, owned, seen};
use tokens::Tokens;

/// How callers are known.
pub(crate) enum Auth {
    /// They are not.
    Off(Arc<Caller>),
    /// By tokens and keys.
    On(Box<Doors>),
}

pub(crate) struct Doors {
    tokens: Tokens,
    keys: ApiKeys,
}

impl Auth {
    /// Starts what fetches the issuer's keys. `pool` is where API keys are looked up.
    pub(crate) fn start(config: &AuthConfig, pool: &Pool) -> reqwest::Result<Self> {
        Ok(match config {
            AuthConfig::Off => Self::Off(Arc::new(Caller::anybody())),
            AuthConfig::Issuer(issuer) => {
                let keys = ApiKeys::new(pool.clone());
                Self::On(Box::new(Doors { tokens: Tokens::start(issuer)?, keys }))
            }
        })
    }

    /// Who everybody is, when nobody is asked.
    pub(crate) fn only_caller(&self) -> Option<&str> {
        match self {
            Self::Off(anybody) => Some(&anybody.id),
            Self::On(_) => None,
        }
    }

    /// Whether a key that has let somebody in was revoked since, for what is open long. While nobody can tell, it was not.
    pub(crate) async fn is_revoked(&self, credential: &str) -> bool {
        match self {
            Self::On(doors) if keys::is_key(credential) => {
                matches!(doors.keys.read(credential).await, Ok(Err(keys::Refusal::Revoked)))
            }
            _ => false,
        }
    }

    /// The operator that a token of the issuer stands for.
    pub(crate) async fn operator(&self, token: &str) -> Result<Operator, ApiError> {
        let Self::On(doors) = self else { return Err(ApiError::operator_unknown()) };
        if keys::is_key(token) {
            return Err(ApiError::operator_unknown());
        }
        let said = doors.tokens.read(token).await.map_err(|refusal| match refusal {
            tokens::Refusal::Invalid(_) => ApiError::operator_unknown(),
            tokens::Refusal::IssuerAway => ApiError::issuer_away(),
        })?;
        said.operator.clone().ok_or_else(ApiError::no_role)
    }
}

/// Who sent a request. What was found is kept with the request.
pub(crate) async fn identify(parts: &mut Parts, app: &App) -> Result<Arc<Caller>, ApiError> {
    if let Some(caller) = parts.extensions.get::<Arc<Caller>>() {
        return Ok(caller.clone());
    }
    let caller = match &app.auth {
        Auth::Off(anybody) => anybody.clone(),
        Auth::On(doors) => doors.admit(bearer(&parts.headers)?).await?,
    };
    if let Some(owner_id) = caller.owner_id() {
        app.door.admit_owner(owner_id)?;
    }
    if let Some(in_hand) = parts.extensions.get::<InHand>() {
        in_hand.keep(app.door.admit_caller(caller.name())?);
    }
    parts.extensions.insert(caller.clone());
    Ok(caller)
}

impl Doors {
    async fn admit(&self, credential: &str) -> Result<Arc<Caller>, ApiError> {
        if keys::is_key(credential) {
            return self.keys.read(credential).await?.map_err(|refusal| {
                ApiError::invalid_token(match refusal {
                    keys::Refusal::Unknown => "The API key is not known.",
                    keys::Refusal::Revoked => "The API key was revoked.",
                    keys::Refusal::Expired => "The API key has expired.",
                })
            });
        }
        let refused = |refusal: &tokens::Refusal| match refusal {
            tokens::Refusal::Invalid(reason) => {
                ApiError::invalid_token(format!("The token is not good. {reason}"))
            }
            tokens::Refusal::IssuerAway => ApiError::issuer_away(),
        };
        let said = self.tokens.read(credential).await.map_err(|refusal| refused(&refusal))?;
        said.caller.as_ref().map(Arc::clone).map_err(refused)
    }
}

/// What follows `Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let header = header_once(headers, AUTHORIZATION.as_str());
    let (scheme, credential) = match header {
        Ok(Some(text)) => text.split_once(' ').ok_or_else(ApiError::no_credentials)?,
        _ => return Err(ApiError::no_credentials()),
    };
    let credential = credential.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || credential.is_empty() {
        return Err(ApiError::no_credentials());
    }
    Ok(credential)
}
