//! One answer for all who ask at about the same time.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// An answer is given again for so long.
const KEPT_AT_LEAST: Duration = Duration::from_secs(1);
/// One that took long is kept for so many times as long: reading takes a twentieth of the time.
const KEPT_FACTOR: u32 = 19;

/// What was read last, for a list that many look at and that may take long to read.
#[derive(Debug)]
pub(crate) struct SharedRead<T>(Mutex<Option<Last<T>>>);

#[derive(Debug)]
struct Last<T> {
    answer: Arc<T>,
    at: DateTime<Utc>,
    read_at: Instant,
    kept: Duration,
}

impl<T> Default for SharedRead<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> SharedRead<T> {
    /// The last answer while it is new enough, else what `read` gives; and when it was read.
    /// Who comes meanwhile waits for the same.
    pub(crate) async fn get<E>(
        &self,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<(Arc<T>, DateTime<Utc>), E> {
        let mut last = self.0.lock().await;
        if let Some(last) = &*last
            && last.read_at.elapsed() < last.kept
        {
            return Ok((last.answer.clone(), last.at));
        }
        let (at, began) = (Utc::now(), Instant::now());
        let answer = Arc::new(read.await?);
        let kept = (began.elapsed() * KEPT_FACTOR).max(KEPT_AT_LEAST);
        *last = Some(Last { answer: answer.clone(), at, read_at: Instant::now(), kept });
        Ok((answer, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_read_is_given_again_and_a_failure_is_not() {
        let shared = SharedRead::default();
        let failed = shared.get(async { Err::<u32, _>("away") }).await;
        assert_eq!(failed.unwrap_err(), "away");
        let (first, at) = shared.get(async { Ok::<_, &str>(1) }).await.unwrap();
        let (again, same) = shared.get(async { Ok::<_, &str>(2) }).await.unwrap();
        assert_eq!((*first, *again, same), (1, 1, at));
    }
}
