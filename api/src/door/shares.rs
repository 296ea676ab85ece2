//! How many places of one kind each caller may have at a time, so that nobody fills a process alone.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A caller gets at most one of so many parts of all places.
const PARTS: usize = 4;

/// Who has how many places.
pub(crate) struct Shares {
    each_max: usize,
    /// So that nobody can choose a name that shares a place with another.
    hashing: RandomState,
    taken: Arc<Taken>,
}

/// Places in hand, by the hash of the caller's name.
#[derive(Default)]
struct Taken(Mutex<HashMap<u64, usize>>);

impl Taken {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, usize>> {
        // Nothing under this lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shares {
    /// Shares of so many places.
    pub(crate) fn of(places: usize) -> Self {
        let each_max = places.div_ceil(PARTS).max(1);
        Self { each_max, hashing: RandomState::new(), taken: Arc::default() }
    }

    /// A place for this caller; none when they have their share.
    pub(crate) fn take(&self, caller: &str) -> Option<Share> {
        let who = self.hashing.hash_one(caller);
        let mut taken = self.taken.lock();
        let count = taken.entry(who).or_default();
        if *count >= self.each_max {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Share { who, taken: Arc::clone(&self.taken) })
    }
}

/// A place, until it is dropped.
pub(crate) struct Share {
    who: u64,
    taken: Arc<Taken>,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some(count) = taken.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.who);
            }
        }
    }
}

/// Keeps the share of a request until its answer is there. It goes along with the request, and is filled when
/// the caller is known.
#[derive(Clone, Default)]
pub(crate) struct InHand(Arc<OnceLock<Share>>);

impl InHand {
    /// Keeps it; a second one is let go.
    pub(crate) fn keep(&self, share: Share) {
        self.0.set(share).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_gets_a_quarter_and_takes_nothing_from_another() {
        let shares = Shares::of(8);
        let mine = [shares.take("a"), shares.take("a"), shares.take("a")];
        assert_eq!(mine.each_ref().map(Option::is_some), [true, true, false]);
        assert!(shares.take("b").is_some());
        drop(mine);
        assert!(shares.take("a").is_some());
        assert!(shares.taken.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn of_few_places_each_may_have_one() {
        let shares = Shares::of(1);
        let first = shares.take("a");
        assert!(first.is_some() && shares.take("a").is_none());
    }
}
