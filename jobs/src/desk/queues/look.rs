//! A look into a dead-letter queue: every message is received once, indexed, and given
//! back at the end.
//!
//! A receive burns a count and hides the message, so the desk looks only when the
//! counts say that there is something new.

use std::collections::HashMap;
use std::time::Duration;

use store::queue_desk::{self, Attention, Counts, Found, Look};
use tokio::time::Instant;

use super::{Pair, Trouble, reading};
use crate::sqs::Status;

/// Messages are hidden this long if nobody gives them back: longer than a look.
const HIDDEN: Duration = Duration::from_secs(30);
/// A look into a very full queue ends here; what it did not see is seen by the next one.
const LOOK_MAX: Duration = Duration::from_secs(20);
/// A difference that one look did not explain is looked at again after this time. Counts
/// of SQS may be late by as much.
const AGAIN_AFTER_S: i64 = 60;
/// Two messages that changed places show in no count.
const ANYWAY_AFTER_S: i64 = 60 * 60;

/// Whether the queue is worth a look.
fn due(known: &Attention, counts: &Counts) -> bool {
    let differs = counts.total() != known.present;
    match (known.looked, known.looked_ago_s) {
        (Some(looked), Some(ago_s)) => {
            differs && (looked != counts.visible || ago_s >= AGAIN_AFTER_S)
                || counts.total() > 0 && ago_s >= ANYWAY_AFTER_S
        }
        _ => differs,
    }
}

impl Pair {
    /// Looks, if there may be something new. Says whether it did.
    pub(super) async fn look_if_due(&self, status: &Status) -> Result<bool, Trouble> {
        let known = queue_desk::attention(&self.pool, self.dead.name()).await?;
        let due = due(&known, &status.counts);
        if due {
            self.look(status).await?;
        }
        Ok(due)
    }

    /// Makes the index what the queue is.
    pub(super) async fn look(&self, status: &Status) -> Result<(), Trouble> {
        let began_at = queue_desk::begin_look(&self.pool).await?;
        let mut receipts = HashMap::new();
        let read = self.read_all(status, &mut receipts).await;
        let given: Vec<&str> = receipts.values().map(String::as_str).collect();
        let back = self.dead.give_back(&given).await;
        let emptied = read?;
        back?;
        let seen = i64::try_from(receipts.len()).unwrap_or(i64::MAX);
        let visible = status.counts.visible;
        // Counts are late and receives miss some: only both together prove absence.
        let look = Look { began_at, visible, whole: emptied && seen >= status.counts.total() };
        let gone = queue_desk::finish_look(&self.pool, self.dead.name(), look).await?;
        tracing::debug!("{seen} messages in {}, {gone} have gone", self.dead.name());
        Ok(())
    }

    /// Receives and indexes until nothing new comes; true if it came to that.
    async fn read_all(
        &self,
        status: &Status,
        receipts: &mut HashMap<String, String>,
    ) -> Result<bool, Trouble> {
        let deadline = Instant::now() + LOOK_MAX;
        loop {
            let received = self.receive(HIDDEN).await?;
            let mut found: Vec<Found> = Vec::with_capacity(received.len());
            for message in received {
                let known = receipts.insert(message.id.clone(), message.receipt.clone());
                if known.is_none() {
                    found.push(reading::read(&message));
                }
            }
            if found.is_empty() {
                return Ok(true);
            }
            let (queue, retention) = (self.dead.name(), status.retention);
            queue_desk::index(&self.pool, queue, retention, &found, true).await?;
            if Instant::now() > deadline || self.is_stopping() {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_looked_at_when_its_counts_say_something_new() {
        let known = |present, looked, ago| Attention { present, looked, looked_ago_s: ago };
        let counts = |visible, in_flight| Counts { visible, in_flight, delayed: 0 };
        for (what, known, counts, expected) in [
            ("empty and never seen", known(0, None, None), counts(0, 0), false),
            ("never seen", known(0, None, None), counts(1, 0), true),
            ("as it was", known(3, Some(3), Some(5)), counts(3, 0), false),
            ("one more", known(3, Some(3), Some(5)), counts(4, 0), true),
            ("one less", known(3, Some(3), Some(5)), counts(2, 0), true),
            ("in somebody's hands", known(3, Some(3), Some(5)), counts(1, 2), false),
            ("not explained", known(3, Some(4), Some(5)), counts(4, 0), false),
            ("not explained for long", known(3, Some(4), Some(60)), counts(4, 0), true),
            ("as it was for very long", known(3, Some(3), Some(3_600)), counts(3, 0), true),
            ("empty for very long", known(0, Some(0), Some(3_600)), counts(0, 0), false),
        ] {
            assert_eq!(due(&known, &counts), expected, "{what}");
        }
    }
}
