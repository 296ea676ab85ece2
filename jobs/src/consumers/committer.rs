//! Commits what is on the pile: one transaction at a time.

use std::ops::Range;

use domain::trace::trace_id;
use store::inbox::IncomingEvent;
use store::pool::Single;
use store::{StoreError, Temper, describe};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::commit::{self, Consumer};
use super::delete::Done;
use super::pause::Pause;
use super::pile::{Group, Part, Taken};
use super::watched;
use crate::sqs::Received;

/// The one that commits for a consumer.
pub(super) struct Committer {
    consumer: Consumer,
    /// Name of the queue, for traces.
    queue: String,
    /// Thrown away whenever it did not give an answer.
    connection: Single,
    taken: Taken,
    done: mpsc::UnboundedSender<Done>,
    /// Whether pollers may receive.
    well: watch::Sender<bool>,
    pause: Pause,
    stopping: watch::Receiver<bool>,
}

/// Why messages were not committed.
enum Trouble {
    /// The database refuses what they say.
    Refused(StoreError),
    /// It was not answered, or time was up. Said already.
    Ill,
}

impl Committer {
    pub(super) fn new(
        consumer: Consumer,
        queue: &str,
        connection: Single,
        taken: Taken,
        done: mpsc::UnboundedSender<Done>,
        well: watch::Sender<bool>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let (pause, queue) = (Pause::default(), queue.to_owned());
        Self { consumer, queue, connection, taken, done, well, pause, stopping }
    }

    /// Commits until the pollers have ended and the pile is empty. Once it is to stop it does
    /// not wait for a database that is away.
    pub(super) async fn run(mut self) {
        loop {
            while !*self.well.borrow() {
                if self.answers().await {
                    self.well.send_replace(true);
                } else if !self.wait().await {
                    return;
                }
            }
            let Some(group) = self.taken.group().await else { return };
            if group.deadline <= Instant::now() {
                watched::count(self.consumer, "given_up", group.parts.len());
                self.give_up(group.parts.len(), "messages");
            } else if !self.commit(&group).await && !self.wait().await {
                return;
            }
        }
    }

    /// Commits all messages at once or, where the database refuses the data, halved until
    /// the one at fault is alone and left to SQS. False when some were given up.
    async fn commit(&mut self, group: &Group) -> bool {
        let whole = 0..group.parts.len();
        let mut open = vec![whole];
        while let Some(parts) = open.pop() {
            let messages = group.parts.get(parts.clone()).unwrap_or_default();
            match self.write_patiently(group.events(&parts), group.deadline).await {
                Ok(()) => {
                    watched::committed(self.consumer, &self.queue, messages, group.events(&parts));
                    self.delete(messages, group.deadline);
                }
                Err(Trouble::Refused(error)) => match messages {
                    [alone] => self.leave(alone, &error),
                    _ => open.extend(halves(&parts)),
                },
                Err(Trouble::Ill) => {
                    watched::count(self.consumer, "given_up", messages.len());
                    self.well.send_replace(false);
                    return false;
                }
            }
        }
        true
    }

    /// Tries until the database has said yes or no, or until `deadline`.
    async fn write_patiently(
        &mut self,
        events: &[IncomingEvent],
        deadline: Instant,
    ) -> Result<(), Trouble> {
        loop {
            let Ok(written) = timeout_at(deadline, self.write(events)).await else {
                self.give_up(events.len(), "events");
                return Err(Trouble::Ill);
            };
            let Err(error) = written else {
                self.well.send_if_modified(|well| !std::mem::replace(well, true));
                self.pause.reset();
                return Ok(());
            };
            let consumer = self.consumer;
            match error.temper() {
                Temper::Data => return Err(Trouble::Refused(error)),
                Temper::Outage => {
                    tracing::warn!(
                        error = describe(&error),
                        "consumer {consumer} waits for the database"
                    );
                    // Nothing more is received; what is in hand is tried again.
                    self.well.send_replace(false);
                    if !self.wait().await {
                        return Err(Trouble::Ill);
                    }
                }
                Temper::Bug => {
                    tracing::error!(
                        error = describe(&error),
                        "consumer {consumer} cannot commit; its messages come again"
                    );
                    return Err(Trouble::Ill);
                }
            }
        }
    }

    async fn write(&mut self, events: &[IncomingEvent]) -> Result<(), StoreError> {
        let mut connection = self.connection.take().await?;
        let written = commit::write(self.consumer, &mut connection, events).await;
        if written.as_ref().err().is_none_or(|error| error.temper() == Temper::Data) {
            self.connection.keep(connection);
        }
        written
    }

    /// Whether the database takes statements.
    async fn answers(&mut self) -> bool {
        let Ok(mut connection) = self.connection.take().await else { return false };
        let answers = commit::answers(&mut connection).await;
        if answers {
            self.connection.keep(connection);
        }
        answers
    }

    /// Waits out part of an outage. False when the process is to stop.
    async fn wait(&mut self) -> bool {
        self.pause.wait(&mut self.stopping).await;
        !*self.stopping.borrow()
    }

    fn delete(&self, messages: &[Part], deadline: Instant) {
        let receipts = messages.iter().map(|part| part.message.receipt.clone()).collect();
        // A deleter that is gone leaves them to come again, and to do nothing.
        self.done.send(Done { receipts, deadline }).unwrap_or_default();
    }

    fn give_up(&self, count: usize, what: &str) {
        let consumer = self.consumer;
        tracing::warn!("consumer {consumer} had no time left for {count} {what}; they come again");
    }

    fn leave(&self, alone: &Part, error: &StoreError) {
        watched::count(self.consumer, "refused", 1);
        let Received { id, receive_count, .. } = &alone.message;
        let (correlation_id, context) = alone.message.origin();
        let trace_id = trace_id(Some(context));
        tracing::error!(
            error = describe(error), message.id = %id, message.receive_count = receive_count,
            correlation_id, trace_id,
            "the database refuses message {id} of consumer {}; \
             it comes again until SQS moves it to the dead-letter queue",
            self.consumer
        );
    }
}

/// The later half first, for a stack: events keep their order of arrival.
fn halves(parts: &Range<usize>) -> [Range<usize>; 2] {
    let middle = parts.start.midpoint(parts.end);
    [middle..parts.end, parts.start..middle]
}
