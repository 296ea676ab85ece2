//! Tokens of the issuer: checked once, then known for a minute.
//!
//! A signature costs tens of microseconds, and a client sends the same token again and again. So what
//! a good token says is kept under the SHA-256 of the whole token: never longer than
//! [`KNOWN_MAX`], and never beyond its end. Refusals are not kept.

use std::sync::Arc;
use std::time::Duration;

use domain::access::{Scope, Scopes, is_subject};
use domain::operator::OperatorRole;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header, get_current_timestamp};
use serde_json::{Map, Value};
use store::operators::{NAME_CHARS_MAX, Operator};
use tokio::time::Instant;

use super::cache::{Digest, Known};
use super::caller::Caller;
use super::config::IssuerConfig;
use super::jwks::{Jwks, NoKey};
use super::provider;

/// A token that the issuer has taken back is refused by then, where the issuer can take tokens back.
const KNOWN_MAX: Duration = Duration::from_mins(1);
/// Tokens remembered; some megabytes when full.
const TOKENS_MAX: u64 = 20_000;
/// Longer than any token with sensible claims, shorter than what servers take as a header.
const BYTES_MAX: usize = 8 * 1024;

/// What a good token says.
#[derive(Debug)]
pub(super) struct Said {
    /// Who it is on the customers' address, or why they are nobody there.
    pub(super) caller: Result<Arc<Caller>, Refusal>,
    /// Who it is on the operators' address; none for whoever has no role there.
    pub(super) operator: Option<Operator>,
}

/// Why a token does not open the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It does not, for this reason.
    Invalid(String),
    /// Nobody knows: the issuer has not said yet what its keys are.
    IssuerAway,
}

impl Refusal {
    fn because(reason: &str) -> Self {
        Self::Invalid(reason.to_owned())
    }
}

/// Checks tokens.
pub(super) struct Tokens {
    config: IssuerConfig,
    jwks: Arc<Jwks>,
    known: Known<Arc<Said>>,
}

impl Tokens {
    /// Starts to fetch the issuer's keys.
    pub(super) fn start(config: &IssuerConfig) -> reqwest::Result<Self> {
        provider::install();
        let jwks = Jwks::start(config)?;
        Ok(Self { config: config.clone(), jwks, known: Known::new(TOKENS_MAX) })
    }

    /// What a token says, if it is good.
    pub(super) async fn read(&self, token: &str) -> Result<Arc<Said>, Refusal> {
        let digest = Digest::of(token);
        if let Some(said) = self.known.get(&digest) {
            return Ok(said);
        }
        let (said, left) = self.verify(token).await?;
        let said = Arc::new(said);
        self.known.keep(digest, said.clone(), Instant::now() + left.min(KNOWN_MAX));
        Ok(said)
    }

    /// Checks everything, and tells how long the token is still good.
    async fn verify(&self, token: &str) -> Result<(Said, Duration), Refusal> {
        if token.len() > BYTES_MAX {
            return Err(Refusal::Invalid(format!("It has more than {BYTES_MAX} bytes.")));
        }
        // An algorithm that the library does not know, `none` among them, ends here.
        let header = decode_header(token)
            .map_err(|_| Refusal::because("It is no JSON Web Token with a known algorithm."))?;
        if !provider::ALGORITHMS.contains(&header.alg) {
            return Err(Refusal::because("It must be signed with RS256, ES256 or EdDSA."));
        }
        if header.crit.is_some() {
            return Err(Refusal::because("Its header has `crit`, of which nothing is known here."));
        }
        let key = self.jwks.key(header.kid.as_deref(), header.alg).await;
        let key = key.map_err(|error| match error {
            NoKey::Unknown => {
                Refusal::because("The issuer has no key that it could be signed with.")
            }
            NoKey::Away => Refusal::IssuerAway,
        })?;
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = self.config.skew.as_secs();
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Checked below: some issuers have it in another claim.
        validation.validate_aud = false;
        let decoded = decode::<Map<String, Value>>(token, &key.decoding, &validation);
        let claims = decoded.map_err(|error| Refusal::because(reason(error.kind())))?.claims;
        if !self.is_for_us(&claims) {
            return Err(Refusal::because("It is for another audience."));
        }
        // A token within the skew behind its end has nothing left: it is good, but not remembered. So is one whose
        // end is no whole number.
        let exp = claims.get("exp").and_then(Value::as_u64).unwrap_or_default();
        let left = Duration::from_secs(exp.saturating_sub(get_current_timestamp()));
        Ok((self.said(&claims)?, left))
    }

    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let said = words(claim(claims, &self.config.audience_claim), false);
        said.iter().any(|one| self.config.audiences.iter().any(|wanted| wanted == one))
    }

    fn said(&self, claims: &Map<String, Value>) -> Result<Said, Refusal> {
        let config = &self.config;
        let text = |name: &str| claim(claims, name).and_then(Value::as_str);
        let subject = text("sub").filter(|subject| is_subject(subject));
        let subject = subject.ok_or_else(|| Refusal::because("Its subject is no short text."))?;
        let scopes: Scopes = words(claim(claims, &config.scope_claim), true)
            .iter()
            .filter_map(|word| word.strip_prefix(&config.scope_prefix)?.parse::<Scope>().ok())
            .collect();
        let owner = text(&config.owner_claim).filter(|owner| is_subject(owner));
        let caller = if scopes.has(Scope::Admin) || owner.is_some() {
            let owner = owner.filter(|_| !scopes.has(Scope::Admin)).map(str::to_owned);
            Ok(Arc::new(Caller::new(format!("sub:{subject}"), scopes, owner)))
        } else {
            let name = &config.owner_claim;
            Err(Refusal::Invalid(format!("Its claim {name} does not name an owner.")))
        };
        let role: Option<OperatorRole> = words(claim(claims, &config.roles_claim), true)
            .iter()
            .filter_map(|word| word.strip_prefix(&config.roles_prefix)?.parse().ok())
            .max();
        let short = subject.chars().count() <= NAME_CHARS_MAX;
        let operator =
            role.filter(|_| short).map(|role| Operator { name: subject.to_owned(), role });
        Ok(Said { caller, operator })
    }
}

/// A claim by its name, or by the names on the way to it with points between them: names of claims may have points
/// of their own.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// The words of a claim that is a list of them, or one text.
fn words(value: Option<&Value>, with_spaces: bool) -> Vec<&str> {
    match value {
        Some(Value::String(text)) if with_spaces => text.split(' ').collect(),
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with a token, for whoever sent it.
fn reason(error: &ErrorKind) -> &'static str {
    match error {
        ErrorKind::ExpiredSignature => "It has expired.",
        ErrorKind::ImmatureSignature => "It is not good yet.",
        ErrorKind::InvalidIssuer => "It is of another issuer.",
        ErrorKind::MissingRequiredClaim(_) => "It lacks exp, iss or sub.",
        ErrorKind::InvalidSignature => "Its signature is not that of the issuer.",
        ErrorKind::InvalidAlgorithm => "Its key is for another algorithm.",
        _ => "It cannot be read.",
    }
}
