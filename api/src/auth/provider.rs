//! The cryptography of tokens: three ways to check a signature, and none to make one.
//!
//! The library for tokens leaves it to a provider. Ours is ring, which TLS uses as well, so no second
//! implementation is built. HMAC is not in it at all: a token that is signed with a public key as
//! if that were a shared secret finds nothing here that could accept it.

use jsonwebtoken::crypto::{CryptoProvider, JwkUtils, JwtVerifier};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

/// How a token may be signed.
pub(super) const ALGORITHMS: [Algorithm; 3] =
    [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::InvalidAlgorithm)),
    verifier_factory: verifier,
    // For making key sets out of keys, which nobody here does.
    jwk_utils: JwkUtils::new_unimplemented(),
};

/// Makes the library use this provider. Once a process; later calls change nothing.
pub(super) fn install() {
    PROVIDER.install_default().ok();
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as the library declares it")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let fits = match algorithm {
        Algorithm::RS256 => key.family() == AlgorithmFamily::Rsa,
        Algorithm::ES256 => key.family() == AlgorithmFamily::Ec,
        Algorithm::EdDSA => key.family() == AlgorithmFamily::Ed,
        _ => false,
    };
    if !fits {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    Ok(Box::new(ByRing { algorithm: *algorithm, key: key.clone() }))
}

struct ByRing {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
            _ => Err(ring::error::Unspecified),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Validation, decode, decode_header};
    use serde_json::{Map, Value};

    use super::*;

    /// The public half of a key that was made for this token, and forgotten.
    const MODULUS: &str = "rtIJdY4vfUt7o941GgWw9f3R8UVRJEhZ6HYtG5c5tBKiI5jVViMM6Fy5uVKufWRvHB7gkXW6m3ud-MgNM6CjvCnWyIN8\
    EZ8UxpFmnTQbpIqAMlOJQLG1xQyp6QIFcBm41_R_K5prtSOo9Xw4DbLKPacg34bpNkJCVQPynTKfFVA9ZFz2Mc3VuLt3\
    jgssQj78m45EoKxP8WOByzMw5vRO0QjXbTtDzyIYWh-EpxXt87gVenDMeN8atMdBy5yj3PFl_uWB3k22TKXf13xgv7cg\
    ijzCKzDafUHEwg0MHkTP5mdT4koJHVVAJpzX7Y9rthRebJFfA0ikwcJghsrGXplapw";
    /// For alice, until the end of the century.
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6NDEwMjQ0NDgwMH0.EGpudtdVF1Q\
    0Nl3kMp8q9nol_MWxmeiZK8LsF9DBEHb35W2EPimfkheIGfoGDYxXaWuvB7dFtPc4j8Iikxvt53xOWGehQcKgK7CucmJ\
    03YV-Xdzz4VlOatxMkaIJlYvDrTtnmfWd60JY1i-ccU8Dp0tjhyv1i4rJENuH6q9XpL25Lj9_zOllWTipTLLPWVxQNsY\
    FwMoMa0QNEHSpW8JYia1LIltoD2pOovh_903EryPK0tck2RQhVc2tj-xSj4Q6H0GPHob-7Fnx5Y5RhXNSQsspUTOAt3l\
    -UpNlxFqA2c7Kq-jKMifG-B6iQi7aTTNit5lBE9ixrnp8Cl_o_XxwfA";

    fn read(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<Value, ErrorKind> {
        install();
        let decoded = decode::<Map<String, Value>>(token, key, &Validation::new(algorithm));
        decoded.map(|decoded| Value::Object(decoded.claims)).map_err(Error::into_kind)
    }

    #[test]
    fn rs256_is_checked() {
        let key = DecodingKey::from_rsa_components(MODULUS, "AQAB").unwrap();
        assert_eq!(read(TOKEN, &key, Algorithm::RS256).unwrap()["sub"], "alice");
        let other = TOKEN.replacen("eyJzdWIiOiJh", "eyJzdWIiOiJi", 1);
        assert_ne!(other, TOKEN);
        assert!(matches!(read(&other, &key, Algorithm::RS256), Err(ErrorKind::InvalidSignature)));
        assert!(matches!(read(TOKEN, &key, Algorithm::ES256), Err(ErrorKind::InvalidAlgorithm)));
    }

    #[test]
    fn there_is_no_way_in_for_shared_secrets_and_for_none() {
        let secret = DecodingKey::from_secret(b"anything");
        for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::PS256, Algorithm::ES384] {
            assert!(verifier(&algorithm, &secret).is_err(), "{algorithm:?}");
        }
        // {"alg":"none"}
        assert!(decode_header("eyJhbGciOiJub25lIn0.e30.").is_err());
    }
}
