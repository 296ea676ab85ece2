//! The issuer's keys: fetched, kept, and fetched again.
//!
//! They are fetched at the start, every few minutes, and when a token names a key that is not known,
//! which is how a rotation shows first. That last way is open to everybody who can make up a
//! key id, so it asks the issuer at most once in a while. While the issuer is away, the keys of before
//! stay good: its outage must not become ours.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep};

use super::config::IssuerConfig;

/// A key that was withdrawn is forgotten by then, even if nobody sends a token with a new one.
const REFRESH_EVERY: Duration = Duration::from_mins(5);
/// An issuer that needs longer is away.
const FETCH_MAX: Duration = Duration::from_secs(5);
/// Issuers publish a handful of keys, each of less than a kilobyte.
const BODY_BYTES_MAX: usize = 256 * 1024;
const KEYS_MAX: usize = 64;
/// Requests that wait for the issuer at a time. An issuer that hangs, and somebody who makes up key ids, are not to
/// fill the process with them.
const WAITING_MAX: usize = 256;

/// A key of the issuer. It is for one algorithm, whatever a token claims to be signed with.
#[derive(Clone)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl Key {
    /// None for a key that no token is signed with.
    fn of(jwk: &Jwk) -> Option<Self> {
        let (algorithm, name) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            _ => return None,
        };
        let common = &jwk.common;
        let same = |said: &KeyAlgorithm| *said == name;
        let verifies = |all: &Vec<KeyOperations>| all.contains(&KeyOperations::Verify);
        let signs = |public_use: &PublicKeyUse| *public_use == PublicKeyUse::Signature;
        let fits = common.key_algorithm.as_ref().is_none_or(same)
            && common.key_operations.as_ref().is_none_or(verifies)
            && common.public_key_use.as_ref().is_none_or(signs);
        let decoding = DecodingKey::from_jwk(jwk).ok().filter(|_| fits)?;
        Some(Self { id: common.key_id.clone(), algorithm, decoding })
    }
}

/// Why there is no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer has no such key.
    Unknown,
    /// The issuer has never answered, or enough others wait for its answer already.
    Away,
}

/// What the issuer publishes about itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// Keys are read one by one: one of a kind that nobody here knows must not hide the others.
#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

/// The keys of one issuer.
pub(super) struct Jwks {
    issuer: String,
    url: Option<String>,
    refetch_min: Duration,
    http: Client,
    /// None until the issuer has answered once.
    known: RwLock<Option<Arc<[Key]>>>,
    /// When the keys were last asked for. Held during a look, so that there is one at a time.
    asked: Mutex<Option<Instant>>,
    waiting: Semaphore,
}

impl Jwks {
    /// Starts to fetch the keys on the current tokio runtime, and goes on until the last clone is dropped. An issuer
    /// that is away does not fail the start.
    pub(super) fn start(config: &IssuerConfig) -> reqwest::Result<Arc<Self>> {
        let jwks = Arc::new(Self {
            issuer: config.issuer.clone(),
            url: config.jwks_url.clone(),
            refetch_min: config.refetch_min,
            http: client(config)?,
            known: RwLock::new(None),
            asked: Mutex::new(None),
            waiting: Semaphore::new(WAITING_MAX),
        });
        tokio::spawn(keep_fresh(Arc::downgrade(&jwks)));
        Ok(jwks)
    }

    /// The key with this id; a token without one is for the only key of its algorithm.
    pub(super) async fn key(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Key, NoKey> {
        if let Ok(key) = self.find(id, algorithm) {
            return Ok(key);
        }
        let _waits = self.waiting.try_acquire().map_err(|_| NoKey::Away)?;
        let began = Instant::now();
        let mut asked = self.asked.lock().await;
        // Whoever had the lock before may have brought it, or have just failed to.
        if asked.is_none_or(|asked| asked < began && asked.elapsed() >= self.refetch_min) {
            *asked = Some(Instant::now());
            self.refresh().await;
        }
        drop(asked);
        self.find(id, algorithm)
    }

    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Key, NoKey> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let known = known.ok_or(NoKey::Away)?;
        let mut fitting = known.iter().filter(|key| match id {
            Some(id) => key.id.as_deref() == Some(id),
            None => key.algorithm == algorithm,
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key.clone()),
            _ => Err(NoKey::Unknown),
        }
    }

    /// Asks the issuer. What it does not answer leaves the keys as they are.
    async fn refresh(&self) {
        let fetched = tokio::time::timeout(FETCH_MAX, self.fetch()).await;
        match fetched.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                *known = Some(keys.into());
            }
            Err(error) => {
                let issuer = &self.issuer;
                tracing::warn!(
                    issuer,
                    error,
                    "the issuer's keys cannot be fetched; known ones stay good"
                );
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<Key>, String> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let published: Published = self.get(&url).await?;
        let jwks = published.keys.into_iter().take(KEYS_MAX);
        let jwks = jwks.filter_map(|value| serde_json::from_value::<Jwk>(value).ok());
        let keys: Vec<Key> = jwks.filter_map(|jwk| Key::of(&jwk)).collect();
        // Nobody withdraws the last key; a set without one is a mistake of the issuer.
        if keys.is_empty() { Err(format!("{url} has no key that fits")) } else { Ok(keys) }
    }

    async fn discover(&self) -> Result<String, String> {
        let issuer = self.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let found: Discovery = self.get(&url).await?;
        if found.issuer != self.issuer {
            return Err(format!("{url} is of the issuer {}", found.issuer));
        }
        let secure = |url: &str| url.starts_with("https://") || self.issuer.starts_with("http://");
        if !secure(&found.jwks_uri) {
            return Err(format!("{url} has its keys at {}, without TLS", found.jwks_uri));
        }
        Ok(found.jwks_uri)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let failed = |error: reqwest::Error| store::describe(&error);
        let response = self.http.get(url).send().await.map_err(failed)?;
        let mut response = response.error_for_status().map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_BYTES_MAX {
                return Err(format!("{url} has more than {BODY_BYTES_MAX} bytes"));
            }
        }
        serde_json::from_slice(&body).map_err(|error| format!("{url}: {error}"))
    }
}

fn client(config: &IssuerConfig) -> reqwest::Result<Client> {
    // Fails when somebody was first, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = Client::builder().timeout(FETCH_MAX).redirect(reqwest::redirect::Policy::none());
    let mut urls = [&config.issuer].into_iter().chain(&config.jwks_url);
    // On the same network: no proxy, and nobody's certificates, which a small machine may lack.
    let plain = urls.all(|url| url.starts_with("http://"));
    let client = if plain { client.no_proxy().tls_certs_only([]) } else { client };
    client.build()
}

async fn keep_fresh(jwks: Weak<Jwks>) {
    while let Some(jwks) = jwks.upgrade() {
        let mut asked = jwks.asked.lock().await;
        *asked = Some(Instant::now());
        jwks.refresh().await;
        drop(asked);
        drop(jwks);
        sleep(REFRESH_EVERY).await;
    }
}
