//! Hashes of the idempotency protocol, which the intake module describes.
//!
//! Both are the first 128 bits of SHA-256, kept as [`Uuid`] because PostgreSQL
//! stores and compares that in 16 bytes. They are no uuids and carry no version.

use domain::idempotency::IdempotencyKey;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The key of `caller`: keys of different callers never meet.
pub fn key_hash(caller: &str, key: &IdempotencyKey) -> Uuid {
    hash(&[caller.as_bytes(), key.as_str().as_bytes()])
}

/// What must be the same when a key comes again.
pub fn payload_hash(parts: &[&[u8]]) -> Uuid {
    hash(parts)
}

/// Each part goes in behind its length, so that moving a byte from one part to
/// the next changes the hash.
fn hash(parts: &[&[u8]]) -> Uuid {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    let digest = sha.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}
