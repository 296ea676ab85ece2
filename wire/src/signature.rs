//! The signature of a notice: `Holdfast-Signature: t=<unix seconds>,v1=<hex>`, where `v1` is
//! HMAC-SHA-256 over `<t>.<body>`, the bytes of the body as they are sent.
//!
//! The time is signed along, so that a notice that somebody recorded is of no use later.
//! Elements of other names are left for later versions, and several `v1` may stand beside
//! each other while a secret is being replaced.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header.
pub const SIGNATURE_HEADER: &str = "Holdfast-Signature";

/// Seconds by which the time of a signature may be off, either way: room for clocks and for
/// the network, and no more.
pub const TOLERANCE_S: i64 = 300;

/// Characters that a secret has at least; a shorter one can be tried out.
pub const SECRET_CHARS_MIN: usize = 16;

/// Bytes of a signature.
const BYTES: usize = 32;
/// Most signatures that are looked at; two secrets need two.
const SIGNATURES_MAX: usize = 4;

/// What both sides know. It is never shown.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

/// The secret is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at least {SECRET_CHARS_MIN} characters")]
pub struct SecretTooShort;

/// Why a signature is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not of the form above.
    #[error("must read t=<unix seconds>,v1=<64 hexadecimal digits>")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("has a time that is more than {TOLERANCE_S} seconds off")]
    Stale,
    /// No secret makes it of this body.
    #[error("does not fit the body")]
    Wrong,
}

impl Secret {
    /// Takes a secret of at least [`SECRET_CHARS_MIN`] characters.
    pub fn new(text: &str) -> Result<Self, SecretTooShort> {
        if text.chars().count() < SECRET_CHARS_MIN {
            return Err(SecretTooShort);
        }
        Hmac::new_from_slice(text.as_bytes()).map(Self).map_err(|_| SecretTooShort)
    }

    /// The header's value for this body, signed at `at`, in unix seconds.
    pub fn sign(&self, at: i64, body: &[u8]) -> String {
        let made = self.over(at, body).finalize().into_bytes();
        let hex = made.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        format!("t={at},v1={hex}")
    }

    fn over(&self, at: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(at.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Checks the header's value against the body as it was received. One of the secrets must
/// have made it, within [`TOLERANCE_S`] of `now`, in unix seconds.
pub fn verify(
    secrets: &[Secret],
    header: &str,
    body: &[u8],
    now: i64,
) -> Result<(), SignatureError> {
    let (at, signatures) = parse(header).ok_or(SignatureError::Malformed)?;
    // Whether it fits comes first, so that nobody learns about time without a secret.
    let fits = |secret: &Secret| {
        let mac = secret.over(at, body);
        // `verify_slice` takes as long for a wrong byte at the begin as for one at the end.
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    };
    if !secrets.iter().any(fits) {
        return Err(SignatureError::Wrong);
    }
    if now.abs_diff(at) > TOLERANCE_S.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

/// Time and signatures.
fn parse(header: &str) -> Option<(i64, Vec<[u8; BYTES]>)> {
    let (mut at, mut signatures) = (None, Vec::new());
    for element in header.split(',') {
        let (name, value) = element.trim().split_once('=')?;
        match name {
            "t" if at.is_none() => at = Some(value.parse().ok()?),
            "v1" if signatures.len() < SIGNATURES_MAX => signatures.push(bytes(value)?),
            "t" | "v1" => return None,
            _ => {}
        }
    }
    at.filter(|_| !signatures.is_empty()).map(|at| (at, signatures))
}

fn bytes(hex: &str) -> Option<[u8; BYTES]> {
    if hex.len() != 2 * BYTES || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"payout_id":"x"}"#;
    const NOW: i64 = 1_790_000_000;

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    #[test]
    fn a_signature_is_what_others_make_of_the_same_bytes() {
        // printf '1790000000.{"payout_id":"x"}' | openssl dgst -sha256 -hmac sixteen-letters-
        let expected =
            "t=1790000000,v1=6f764e9b1a4ebc6d288123c75b62bd361ac3bf06a1ee89f342ea308108b55b45";
        assert_eq!(secret("sixteen-letters-").sign(NOW, BODY), expected);
    }

    #[test]
    fn only_the_secret_the_body_and_the_time_that_were_signed_fit() {
        let (ours, other) = (secret("the secret of ours"), secret("the secret of others"));
        let header = ours.sign(NOW, BODY);
        let check =
            |secrets: &[Secret], header: &str, body: &[u8], now| verify(secrets, header, body, now);
        let (known, foreign) = ([ours.clone()], [other.clone()]);
        assert_eq!(check(&known, &header, BODY, NOW), Ok(()));
        assert_eq!(check(&known, &header, b"{}", NOW), Err(SignatureError::Wrong));
        let moved = header.replace("t=1790000000", "t=1790000001");
        assert_eq!(check(&known, &moved, BODY, NOW), Err(SignatureError::Wrong));
        assert_eq!(check(&foreign, &header, BODY, NOW), Err(SignatureError::Wrong));
        assert_eq!(check(&[], &header, BODY, NOW), Err(SignatureError::Wrong));
        // While a secret is being replaced, both are good, and both may sign.
        assert_eq!(check(&[other.clone(), ours], &header, BODY, NOW), Ok(()));
        let second = other.sign(NOW, BODY);
        let both = format!("{header},{}", second.split_once(',').unwrap().1);
        assert_eq!(check(&foreign, &both, BODY, NOW), Ok(()));
    }

    #[test]
    fn a_signature_is_good_for_five_minutes_either_way() {
        let known = [secret("the secret of ours")];
        let header = known[0].sign(NOW, BODY);
        for (now, expected) in [
            (NOW + 300, Ok(())),
            (NOW - 300, Ok(())),
            (NOW + 301, Err(SignatureError::Stale)),
            (NOW - 301, Err(SignatureError::Stale)),
            (i64::MIN, Err(SignatureError::Stale)),
        ] {
            assert_eq!(verify(&known, &header, BODY, now), expected, "{now}");
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let known = [secret("the secret of ours")];
        let good = known[0].sign(NOW, BODY);
        let hex = good.split_once("v1=").unwrap().1;
        for wrong in [
            "",
            "t=1790000000",
            &format!("v1={hex}"),
            &format!("t=1790000000;v1={hex}"),
            &format!("t=soon,v1={hex}"),
            &format!("t=1790000000,t=1790000000,v1={hex}"),
            &good[..good.len() - 1],
            &format!("{good}0"),
            "t=1790000000,v1=ü",
            &format!("{good},v1={hex},v1={hex},v1={hex},v1={hex}"),
        ] {
            assert_eq!(verify(&known, wrong, BODY, NOW), Err(SignatureError::Malformed), "{wrong}");
        }
        assert_eq!(verify(&known, &format!("{good},v2=later"), BODY, NOW), Ok(()));
    }

    #[test]
    fn a_secret_is_long_and_never_shown() {
        assert_eq!(Secret::new("fifteen-letters").err(), Some(SecretTooShort));
        assert_eq!(format!("{:?}", secret("sixteen-letters-")), "Secret(..)");
    }
}
