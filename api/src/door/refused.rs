//! One line a second about what was refused. A line for each would be a flood of its own.

use std::sync::Mutex;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_secs(1);

/// What was refused since the last line.
#[derive(Default)]
pub(super) struct Refused(Mutex<Count>);

#[derive(Default)]
struct Count {
    requests: u64,
    told: Option<Instant>,
}

impl Refused {
    /// Counts one, and tells of all since the last line when that was a while ago.
    pub(super) fn count(&self, what: &'static str) {
        let mut count = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        count.requests += 1;
        if count.told.is_some_and(|told| told.elapsed() < PAUSE) {
            return;
        }
        let requests = std::mem::take(&mut count.requests);
        count.told = Some(Instant::now());
        drop(count);
        tracing::warn!(requests, by = what, "requests refused at the door");
    }
}
