//! The proof that whoever redeems a code is the one who asked for it (PKCE, RFC 7636), by S256 only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::LoginError;

/// A secret, and what may be shown of it.
pub(super) struct Proof {
    pub(super) verifier: String,
    pub(super) challenge: String,
}

impl Proof {
    pub(super) fn new() -> Result<Self, LoginError> {
        let verifier = random()?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        Ok(Self { verifier, challenge })
    }
}

/// 256 bits that nobody can guess, for an address.
pub(super) fn random() -> Result<String, LoginError> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| LoginError::Machine("this machine gives no random numbers".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
