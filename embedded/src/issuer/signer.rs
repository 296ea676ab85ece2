use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::AUDIENCE;

/// How long tokens are good unless they say otherwise.
const LIFETIME: Duration = Duration::from_hours(12);

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256.
    Es256,
}

/// A key cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[error("there is no key to sign tokens with: {0}")]
pub struct SignerError(String);

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Whom it is about, which is the owner of wallets, too.
    pub subject: String,
    /// Scopes with spaces between them.
    pub scope: String,
    /// Roles of an operator.
    pub roles: Vec<String>,
    /// How long it is good.
    pub lifetime: Duration,
}

impl Claims {
    /// Nothing but who it is.
    pub fn of(subject: impl Into<String>) -> Self {
        let (scope, roles) = (String::new(), Vec::new());
        Self { subject: subject.into(), scope, roles, lifetime: LIFETIME }
    }

    /// The same with these scopes, with spaces between them.
    #[must_use]
    pub fn scope(self, scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), ..self }
    }

    /// The same with one role.
    #[must_use]
    pub fn role(self, role: impl Into<String>) -> Self {
        Self { roles: vec![role.into()], ..self }
    }
}

enum Pair {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
}

/// A private key, and the name of the issuer that it is of.
pub struct Signer {
    issuer: String,
    id: String,
    pair: Pair,
    pkcs8: Vec<u8>,
}

impl Signer {
    /// A new key.
    pub fn new(issuer: String, algorithm: Algorithm) -> Result<Self, SignerError> {
        let random = SystemRandom::new();
        let made = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
        };
        let made = made.map_err(|error| SignerError(error.to_string()))?;
        Self::of(issuer, made.as_ref())
    }

    /// The key of an earlier signer, as [`Self::pkcs8`] gave it.
    pub fn of(issuer: String, pkcs8: &[u8]) -> Result<Self, SignerError> {
        let pair = if let Ok(pair) = Ed25519KeyPair::from_pkcs8(pkcs8) {
            Pair::EdDsa(pair)
        } else {
            let random = SystemRandom::new();
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &random);
            Pair::Es256(pair.map_err(|error| SignerError(error.to_string()))?)
        };
        let id = encode(&digest(&SHA256, public(&pair)).as_ref()[..12]);
        Ok(Self { issuer, id, pair, pkcs8: pkcs8.to_vec() })
    }

    /// The private key, to be kept where nobody else can read it.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key's bytes.
    pub fn public_key(&self) -> &[u8] {
        public(&self.pair)
    }

    /// The public key as a JSON Web Key.
    pub fn jwk(&self) -> Value {
        let (id, bytes) = (&self.id, public(&self.pair));
        match &self.pair {
            Pair::EdDsa(_) => json!({
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": id,
                "x": encode(bytes),
            }),
            Pair::Es256(_) => {
                // 4, then the two coordinates.
                let (x, y) = bytes.get(1..).unwrap_or_default().split_at(32);
                json!({
                    "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id,
                    "x": encode(x), "y": encode(y),
                })
            }
        }
    }

    /// The header of its tokens.
    pub fn header(&self) -> Value {
        let algorithm = match self.pair {
            Pair::EdDsa(_) => "EdDSA",
            Pair::Es256(_) => "ES256",
        };
        json!({ "typ": "JWT", "alg": algorithm, "kid": self.id })
    }

    /// The claims as JSON, from now on.
    pub fn claims(&self, claims: &Claims) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        json!({
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "scope": claims.scope,
            "roles": claims.roles,
            "iat": now.as_secs(),
            "exp": now.saturating_add(claims.lifetime).as_secs(),
        })
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Claims) -> String {
        self.sign(&self.header(), &self.claims(claims))
    }

    /// Signs any header and any claims, however wrong they are.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = match &self.pair {
            Pair::EdDsa(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Pair::Es256(pair) => {
                // Without randomness there is no signature, and a token without one opens no door.
                let signed = pair.sign(&SystemRandom::new(), message.as_bytes());
                signed.map(|signature| signature.as_ref().to_vec()).unwrap_or_default()
            }
        };
        format!("{message}.{}", encode(&signature))
    }
}

/// What is signed of a token.
pub fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

fn public(pair: &Pair) -> &[u8] {
    match pair {
        Pair::EdDsa(pair) => pair.public_key().as_ref(),
        Pair::Es256(pair) => pair.public_key().as_ref(),
    }
}

/// Bytes as tokens spell them.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
