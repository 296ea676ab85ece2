//! Writes batches, whatever the database does.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use store::intake::{Manner, NewTransfer, Submitted};
use store::pool::Single;
use store::{Temper, describe};

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
        match write_range(connection, range, manner).await {
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
