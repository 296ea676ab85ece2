//! Receives messages, reads them, and puts them on the pile.

use domain::trace::trace_id;
use futures::future;
use store::describe;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout_at};

use super::commit::Consumer;
use super::message::{self, Unreadable};
use super::pause::Pause;
use super::pile::{Pile, Readable};
use super::{Handling, switch_of, watched};
use crate::sqs::{Queue, Received, SqsError};

/// The longest that SQS lets a receive wait. Fewer empty answers cost less.
const LONG_POLL: Duration = Duration::from_secs(20);

/// One receive at a time.
pub(super) struct Poller {
    pub(super) consumer: Consumer,
    pub(super) queue: Queue,
    pub(super) handling: Handling,
    pub(super) pile: Pile,
    /// Whether the database answers.
    pub(super) healthy: watch::Receiver<bool>,
}

impl Poller {
    /// Receives until told to stop, or until nobody commits any more.
    pub(super) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut pause = Pause::default();
        let paused = switch_of(self.consumer);
        let switches = self.handling.switches.clone();
        while !*stopping.borrow() {
            tokio::select! {
                healthy = self.healthy.wait_for(|healthy| *healthy) => {
                    if healthy.is_err() {
                        return;
                    }
                }
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = switches.until(paused, false) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            // A receive that is cut off may have taken messages; they are seen again later.
            let received = tokio::select! {
                received = self.queue.receive(LONG_POLL) => received,
                () = switches.until(paused, true) => continue,
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            let well = match received {
                Ok(messages) => self.take(messages).await,
                Err(error) => {
                    let consumer = self.consumer;
                    let error = describe(&error);
                    tracing::warn!(error, "consumer {consumer} cannot receive");
                    false
                }
            };
            if well {
                pause.reset();
            } else {
                pause.wait(&mut stopping).await;
            }
        }
    }

    /// Puts what can be read on the pile and sets aside what cannot. False when SQS is away.
    async fn take(&self, messages: Vec<Received>) -> bool {
        let deadline = Instant::now() + self.handling.timeout;
        let (mut readable, mut unreadable) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages {
            match message::read(&message.body) {
                Ok(events) if self.handling.faults.drops(self.consumer, &events) => {
                    let (consumer, id) = (self.consumer, &message.id);
                    tracing::warn!(message.id = %id, "consumer {consumer} drops message {id} on purpose");
                }
                Ok(events) => readable.push(Readable { message, events, deadline }),
                Err(reason) => unreadable.push((message, reason)),
            }
        }
        let putting = async {
            for one in readable {
                self.pile.put(one).await;
            }
        };
        // At once: they must not wait until there is room on the pile.
        let ((), well) = future::join(putting, self.set_aside(unreadable, deadline)).await;
        well
    }

    /// Moves messages that no retry can make readable to the dead-letter queue.
    async fn set_aside(&self, messages: Vec<(Received, Unreadable)>, deadline: Instant) -> bool {
        let mut well = true;
        for (message, reason) in messages {
            let reason = reason.to_string();
            let moving = timeout_at(deadline, self.move_away(&message, &reason));
            let moved = moving.await.unwrap_or_else(|_| Err(self.queue.too_slow("moving from")));
            if let Err(error) = moved {
                let (id, error) = (&message.id, describe(&error));
                tracing::warn!(error, message.id = %id, "message {id} could not be moved; it comes again");
                well = false;
            }
        }
        well
    }

    async fn move_away(&self, message: &Received, reason: &str) -> Result<(), SqsError> {
        watched::count(self.consumer, "unreadable", 1);
        let (id, queue) = (&message.id, self.queue.name());
        let (correlation_id, context) = message.origin();
        let trace_id = trace_id(Some(context));
        tracing::error!(
            queue.name = queue, message.id = %id, correlation_id, trace_id,
            "message {id} of {queue} cannot be read and goes to its dead-letter queue: {reason}"
        );
        self.queue.dead_letter(message, reason).await
    }
}
