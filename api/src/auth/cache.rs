//! What is known about tokens and keys for a while, under their SHA-256: the cache holds nothing that opens a door.

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use ring::digest::{SHA256, digest};
use tokio::time::Instant;

/// The room made at the start.
const AT_START: usize = 100;

/// The SHA-256 of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest(pub(super) [u8; 32]);

impl Digest {
    pub(super) fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// A bounded cache whose entries end by time.
pub(super) struct Known<T> {
    cache: Cache<Digest, (Instant, T)>,
}

impl<T: Clone> Known<T> {
    /// For at most so many entries.
    pub(super) fn new(entries_max: u64) -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(AT_START)
            .weight_capacity(entries_max)
            .build();
        let cache = match options {
            Ok(options) => Cache::with_options(
                options,
                UnitWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // Only when an option is missing, and both are given above.
            Err(_) => Cache::new(AT_START),
        };
        Self { cache }
    }

    /// What was kept, until its time is over.
    pub(super) fn get(&self, digest: &Digest) -> Option<T> {
        let (until, value) = self.cache.get(digest)?;
        (Instant::now() < until).then_some(value)
    }

    /// Keeps it until then.
    pub(super) fn keep(&self, digest: Digest, value: T, until: Instant) {
        self.cache.insert(digest, (until, value));
    }
}
