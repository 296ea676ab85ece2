//! API keys: `hf_live_<id>_<secret>`, the id and the secret as hexadecimal digits.
//!
//! The prefix lets scanners find a key that has leaked, and the id names it in lists and logs. The database has
//! the SHA-256 of the secret alone. It is found by its id and then compared in constant time, so that no answer's
//! time tells how much of a guess was right.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::ApiKeyId;
use ring::rand::{SecureRandom, SystemRandom};
use store::StoreError;
use store::api_keys::{self, ApiKey, SecretHash};
use store::pool::Pool;
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use uuid::Uuid;

use super::cache::{Digest, Known};
use super::caller::Caller;

/// How keys begin.
const PREFIX: &str = "hf_live_";
/// Digits of a secret of 256 bits.
const SECRET_DIGITS: usize = 64;
/// A key that was revoked is refused by then, by every process.
const KNOWN_MAX: Duration = Duration::from_secs(5);
/// Keys remembered.
const KEYS_MAX: u64 = 10_000;
/// What is said about the last use may be so old.
const TOUCHED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Why a key does not open the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has not the form of one, its id is not known, or its secret is wrong.
    Unknown,
    /// It was good.
    Revoked,
    /// It was good.
    Expired,
}

/// Whether a text is meant to be a key.
pub(super) fn is_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// A key that is being made.
pub(crate) struct Fresh {
    /// All of it, to be shown once.
    pub key: String,
    /// What is stored of its secret.
    pub secret_hash: SecretHash,
}

/// Makes the key with this id. None when the operating system has no randomness to give.
pub(crate) fn make(id: ApiKeyId) -> Option<Fresh> {
    let mut random = [0_u8; 32];
    SystemRandom::new().fill(&mut random).ok()?;
    let secret = random.iter().fold(String::with_capacity(SECRET_DIGITS), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    let secret_hash = Digest::of(&secret).0;
    Some(Fresh { key: format!("{PREFIX}{}_{secret}", id.0.simple()), secret_hash })
}

/// The two parts of a key; none of a text that has another form.
fn parts(key: &str) -> Option<(ApiKeyId, &str)> {
    let (id, secret) = key.strip_prefix(PREFIX)?.split_once('_')?;
    let is_digits = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let fits =
        id.len() == 32 && secret.len() == SECRET_DIGITS && is_digits(id) && is_digits(secret);
    Uuid::try_parse(id).ok().filter(|_| fits).map(|id| (ApiKeyId(id), secret))
}

type Verdict = Result<Arc<Caller>, Refusal>;

/// Checks keys.
pub(super) struct ApiKeys {
    pool: Pool,
    known: Known<Verdict>,
}

impl ApiKeys {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool, known: Known::new(KEYS_MAX) }
    }

    /// Who has this key.
    pub(super) async fn read(&self, key: &str) -> Result<Verdict, StoreError> {
        let Some((id, secret)) = parts(key) else { return Ok(Err(Refusal::Unknown)) };
        let digest = Digest::of(key);
        if let Some(verdict) = self.known.get(&digest) {
            return Ok(verdict);
        }
        let now = Utc::now();
        let found = api_keys::find(&self.pool, id).await?;
        let right = |hash: &SecretHash| bool::from(hash.ct_eq(&Digest::of(secret).0));
        let found = found.filter(|(_, hash)| right(hash)).map(|(key, _)| key);
        let verdict = match &found {
            None => Err(Refusal::Unknown),
            Some(key) if key.revoked_at.is_some() => Err(Refusal::Revoked),
            Some(key) if !key.is_good_at(now) => Err(Refusal::Expired),
            Some(key) => {
                self.touch(key, now);
                let id = format!("key:{}", key.id);
                Ok(Arc::new(Caller::new(id, key.scopes, key.owner_id.clone())))
            }
        };
        let left = found.and_then(|key| (key.expires_at - now).to_std().ok());
        let kept = left.map_or(KNOWN_MAX, |left| left.min(KNOWN_MAX));
        // One that has expired has nothing left, and is looked up again.
        self.known.keep(digest, verdict.clone(), Instant::now() + kept);
        Ok(verdict)
    }

    /// Notes the use, aside: nobody waits for it, and a note that is lost is made the next minute.
    fn touch(&self, key: &ApiKey, now: DateTime<Utc>) {
        if key.last_used_at.is_some_and(|at| now - at < TOUCHED_EVERY) {
            return;
        }
        let (pool, id) = (self.pool.clone(), key.id);
        tokio::spawn(async move {
            if let Err(error) = api_keys::touch(&pool, id).await {
                tracing::debug!(api_key.id = %id, error = store::describe(&error), "its last use is not noted");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_an_id_and_a_secret_and_no_other_form() {
        let id = ApiKeyId(Uuid::now_v7());
        let Fresh { key, secret_hash } = make(id).unwrap();
        let (found, secret) = parts(&key).unwrap();
        assert_eq!((found, Digest::of(secret).0), (id, secret_hash));
        assert_ne!(make(id).unwrap().key, key, "two secrets are never the same");
        for wrong in [
            key.replace("live", "test"),
            key.to_uppercase(),
            format!("{key}0"),
            key[..key.len() - 1].to_owned(),
            key.replacen('_', "", 3),
            String::new(),
        ] {
            assert_eq!(parts(&wrong), None, "{wrong}");
        }
    }
}
