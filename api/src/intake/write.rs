//! Writes batches, whatever the database does.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use store::intake::{Manner, NewTransfer, Submitted};
use store::pool::Single;
use store::{Temper, describe};
use telemetry::metrics::{metrics, number};

use super::{Answer, IntakeError, RETRY_AFTER_S};

/// Pauses between the tries of a batch while the database is away.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(400)];
/// A try that takes longer has lost its connection. Longer than a batch waits for
/// another one with the same keys.
const TRY_TIME_MAX: Duration = Duration::from_secs(6);

/// Writes all commands, halving where the database refuses the data. What is written
/// together is refused together.
pub(super) async fn write(
    connection: &mut Single,
    commands: &[NewTransfer],
    manner: Manner,
) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(commands.len());
    // Ranges still to be written, the first on top.
    let mut ranges = vec![commands];
    while let Some(range) = ranges.pop() {
        let began = Instant::now();
        let written = write_range(connection, range, manner).await;
        count(range.len(), began, &written);
        match written {
            Ok(written) => answers.extend(written.into_iter().map(Ok)),
            Err(IntakeError::Refused) if range.len() > 1 && manner != Manner::Together => {
                let (left, right) = range.split_at(range.len() / 2);
                ranges.extend([right, left]);
            }
            Err(error) => answers.extend(range.iter().map(|_| Err(error))),
        }
    }
    answers
}

/// Counts one transaction and what came of its commands.
fn count(size: usize, began: Instant, written: &Result<Vec<Submitted>, IntakeError>) {
    let to = &metrics().intake;
    let size = u64::try_from(size).unwrap_or(u64::MAX);
    to.batch_size.observe([], number(i64::try_from(size).unwrap_or(i64::MAX)));
    to.batch_duration.since([], began);
    let answers = match written {
        Ok(answers) => answers,
        // Halved and tried again, unless it was one alone.
        Err(IntakeError::Refused) if size > 1 => return,
        Err(error) => {
            let outcome = match error {
                IntakeError::Refused => "refused",
                IntakeError::Overloaded { .. } => "overloaded",
                IntakeError::Unavailable { .. } => "unavailable",
            };
            to.commands.add([outcome.into()], size);
            return;
        }
    };
    let mut counts = [("accepted", 0), ("replayed", 0), ("key_reused", 0)];
    for answer in answers {
        let place = match answer {
            Submitted::Accepted(_) => 0,
            Submitted::Replayed(_) => 1,
            Submitted::KeyReused => 2,
        };
        counts[place].1 += 1;
    }
    for (outcome, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        to.commands.add([outcome.into()], count);
    }
}

/// Writes a range in one transaction, trying again while the database is away.
/// A batch whose commit is unknown may be written again: its ids and keys are
/// the same, so what was written is found, not doubled.
async fn write_range(
    connection: &mut Single,
    range: &[NewTransfer],
    manner: Manner,
) -> Result<Vec<Submitted>, IntakeError> {
    let mut pauses = PAUSES.iter();
    loop {
        let trouble = match write_once(connection, range, manner).await {
            Ok(written) => return Ok(written),
            Err(Trouble::Refused) => return Err(IntakeError::Refused),
            Err(Trouble::Hangs) => None,
            Err(Trouble::Away(trouble)) => Some(trouble),
        };
        let pause = trouble.as_ref().and_then(|_| pauses.next());
        let Some(pause) = pause else {
            let trouble = trouble.unwrap_or_else(|| "no answer in time".to_owned());
            tracing::warn!(error = trouble, "{} commands were turned away", range.len());
            return Err(IntakeError::Unavailable { retry_after_s: RETRY_AFTER_S });
        };
        tokio::time::sleep(*pause).await;
    }
}

/// Why one try came to nothing.
enum Trouble {
    /// The data itself.
    Refused,
    /// The database is away or busy.
    Away(String),
    /// No answer: whoever waits has waited long enough.
    Hangs,
}

/// The connection is kept only when it has given an answer: one that hangs is
/// closed, and the server rolls back. A panic would end the batcher and with it the
/// intake of this process, so it is caught.
async fn write_once(
    connection: &mut Single,
    range: &[NewTransfer],
    manner: Manner,
) -> Result<Vec<Submitted>, Trouble> {
    let taken = connection.take().await;
    let mut taken = taken.map_err(|error| Trouble::Away(describe(&error)))?;
    let writing = store::intake::write(&mut taken, range, manner);
    let writing = AssertUnwindSafe(writing).catch_unwind();
    let error = match tokio::time::timeout(TRY_TIME_MAX, writing).await {
        Ok(Ok(Ok(written))) => {
            connection.keep(taken);
            return Ok(written);
        }
        Ok(Ok(Err(error))) => error,
        Ok(Err(_)) => {
            tracing::error!("a batch of commands panicked");
            return Err(Trouble::Refused);
        }
        Err(_) => return Err(Trouble::Hangs),
    };
    match error.temper() {
        Temper::Data => {
            connection.keep(taken);
            return Err(Trouble::Refused);
        }
        Temper::Outage => {}
        Temper::Bug => {
            tracing::error!(error = describe(&error), "the intake statement is wrong");
        }
    }
    Err(Trouble::Away(describe(&error)))
}
