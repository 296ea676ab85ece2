//! Sends events of the log again: to a queue that lost them, or to a new subscriber.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::EventId;
use store::pool::{self, Purpose};
use store::replay::{Range, begins_too_late, page};
use store::{StoreError, describe};
use tokio::time::Instant;

use crate::Config;
use crate::config::EVENT_DAYS;
use crate::relay::{Answer, PUBLISH_MAX, message, send_all};
use crate::sqs::{Outgoing, Queue, QueueAt, SqsError, connect_one};

/// Events read and sent at a time.
const PAGE_MAX: i64 = 1_000;
/// Pause before what a queue did not take is sent once more.
const PAUSE: Duration = Duration::from_secs(1);
/// Tries of a page before the replay gives up.
const TRIES_MAX: u32 = 60;

/// A replay had to end early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log cannot be read.
    #[error("the event log cannot be read")]
    Store(#[from] StoreError),
    /// Weeks of the range are gone.
    #[error(
        "the event log begins at {}, because older weeks were dropped ({EVENT_DAYS} says how long they are kept); \
         begin with --from {}",
        rfc3339(since),
        rfc3339(since)
    )]
    Dropped {
        /// Where the log begins.
        since: DateTime<Utc>,
    },
    /// The queue is missing.
    #[error(transparent)]
    Sqs(#[from] SqsError),
    /// The queue is away for long, or does not want some events.
    #[error(
        "the queue did not take {left} events after {TRIES_MAX} tries; {sent} before them were sent"
    )]
    NotTaken {
        /// Events of the last page that were not sent.
        left: usize,
        /// Events of the pages before.
        sent: u64,
    },
}

fn rfc3339(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What to send where.
#[derive(Debug, Clone)]
pub struct Request {
    /// Name or address of the queue.
    pub queue: String,
    /// Which part of the log.
    pub range: Range,
}

impl Request {
    /// Reads the options of the command line. The error is a sentence.
    pub fn parse(options: &[&str]) -> Result<Self, String> {
        let (mut queue, mut from, mut to, mut event_type) = (None, None, None, None);
        let instant = |name: &str, text: &str| {
            let parsed = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
            parsed.map_err(|_| format!("{name} must be a time such as 2026-11-21T09:30:00Z"))
        };
        for pair in options.chunks(2) {
            match *pair {
                ["--queue", name] => queue = Some(name.to_owned()),
                [name @ "--from", text] => from = Some(instant(name, text)?),
                [name @ "--to", text] => to = Some(instant(name, text)?),
                ["--type", text] => {
                    let parsed = text.parse().map_err(|_| format!("'{text}' is no event type"));
                    event_type = Some(parsed?);
                }
                [name, ..] => return Err(format!("{name} is no option, or lacks its value")),
                [] => {}
            }
        }
        let missing = |name| format!("{name} is missing");
        let range = Range {
            from: from.ok_or_else(|| missing("--from"))?,
            to: to.ok_or_else(|| missing("--to"))?,
            event_type,
        };
        Ok(Self { queue: queue.ok_or_else(|| missing("--queue"))?, range })
    }
}

/// Sends the events of a range to a queue, in the order of the log. Tells `progress`
/// how many were sent after each page, and returns how many in all.
///
/// An event that the queue had before arrives again. A FIFO queue drops those that it
/// was sent within the last five minutes.
pub async fn replay(
    config: &Config,
    request: &Request,
    progress: impl Fn(u64),
) -> Result<u64, ReplayError> {
    let endpoint_url = config.sqs.as_ref().and_then(|sqs| sqs.endpoint_url.as_deref());
    let at = QueueAt { variable: "--queue", place: request.queue.clone() };
    let queue = connect_one(endpoint_url, &at).await?;
    let range = &request.range;
    let pool = pool::open_for_reading(&config.database, Purpose::Maintenance, 1)?;
    let (mut after, mut sent): (Option<EventId>, u64) = (None, 0);
    loop {
        let events = page(&pool, range, after, PAGE_MAX).await?;
        if let Some(since) = begins_too_late(&pool, range, after).await? {
            return Err(ReplayError::Dropped { since });
        }
        let Some(last) = events.last() else { return Ok(sent) };
        after = Some(last.id);
        let messages = events.iter().map(|event| message(event, queue.is_fifo())).collect();
        let left = send_until_taken(&queue, messages).await;
        if left > 0 {
            return Err(ReplayError::NotTaken { left, sent });
        }
        sent += u64::try_from(events.len()).unwrap_or(0);
        progress(sent);
    }
}

/// Returns how many the queue would not take.
async fn send_until_taken(queue: &Queue, mut messages: Vec<Outgoing>) -> usize {
    for _ in 0..TRIES_MAX {
        let sent = send_all(queue, &messages, Instant::now() + PUBLISH_MAX).await;
        let answers = messages.into_iter().zip(sent.answers);
        messages =
            answers.filter(|(_, answer)| *answer != Answer::Taken).map(|(one, _)| one).collect();
        if messages.is_empty() {
            return 0;
        }
        if let Some(trouble) = sent.trouble {
            tracing::warn!(error = describe(&trouble), "the replay waits for the queue");
        }
        tokio::time::sleep(PAUSE).await;
    }
    messages.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_understood_or_named() {
        let from = ["--from", "2026-11-20T00:00:00Z"];
        let to = ["--to", "2026-11-21T01:00:00+01:00"];
        let all = [&["--queue", "wallet-audit"][..], &from, &to].concat();
        let request = Request::parse(&all).unwrap();
        assert_eq!(request.queue, "wallet-audit");
        assert_eq!((request.range.to - request.range.from).num_hours(), 24);
        for (options, sentence) in [
            (&all[..2], "--from is missing"),
            (&all[2..], "--queue is missing"),
            (&["--from", "monday"][..], "--from must be a time such as 2026-11-21T09:30:00Z"),
            (&["--type", "transfer.lost.v1"][..], "'transfer.lost.v1' is no event type"),
            (&["--queue"][..], "--queue is no option, or lacks its value"),
        ] {
            assert_eq!(Request::parse(options).unwrap_err(), sentence);
        }
    }
}
