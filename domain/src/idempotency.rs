//! The client's key for one intention. The protocol stands in the intake module of `store`.

/// Longest accepted key, in characters.
pub const KEY_CHARS_MAX: usize = 255;

/// Why a text is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {KEY_CHARS_MAX} visible ASCII characters")]
pub struct InvalidKey;

/// A client-made id for one intention, compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Accepts 1 to [`KEY_CHARS_MAX`] visible ASCII characters.
    pub fn new(text: &str) -> Result<Self, InvalidKey> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > KEY_CHARS_MAX || !visible {
            return Err(InvalidKey);
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
