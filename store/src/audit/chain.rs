//! The hash of one row.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::StoreError;

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// What the first row has in place of the hash of the row before.
pub(super) const ORIGIN: Hash = [0; 32];

/// All columns of a row that its hash covers, beside the hash of the row before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    pub(super) seq: i64,
    pub(super) event_id: Uuid,
    pub(super) event_type: &'a str,
    pub(super) transfer_id: Option<Uuid>,
    /// Whole microseconds, as the database stores it.
    pub(super) received_at: DateTime<Utc>,
    /// The stored text, never JSON that was read and written again.
    pub(super) body: &'a str,
}

impl Link<'_> {
    /// SHA-256 over the hash of the row before and each column behind its length in eight
    /// bytes, so that moving a byte from one column to the next changes the hash. Numbers
    /// are big-endian; the time is microseconds since 1970; a null has length 0.
    pub(super) fn hash(&self, prev: &Hash) -> Hash {
        let transfer_id = self.transfer_id.map(Uuid::into_bytes);
        let parts: [&[u8]; 6] = [
            self.body.as_bytes(),
            self.event_id.as_bytes(),
            &self.seq.to_be_bytes(),
            self.event_type.as_bytes(),
            transfer_id.as_ref().map_or(&[], |id| id.as_slice()),
            &self.received_at.timestamp_micros().to_be_bytes(),
        ];
        let mut sha = Sha256::new();
        sha.update(prev);
        for part in parts {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
        sha.finalize().into()
    }
}

/// A stored hash.
pub(super) fn hash_of(bytes: &[u8]) -> Result<Hash, StoreError> {
    let wrong = |_| StoreError::Corrupt(format!("a hash has {} bytes, not 32", bytes.len()));
    bytes.try_into().map_err(wrong)
}

/// The hash as 64 hexadecimal digits, for people to note.
pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
