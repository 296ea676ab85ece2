//! Messages on their way from the pollers to the committer, bounded by their events.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use store::inbox::IncomingEvent;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use crate::sqs::Received;

/// Events of one transaction, unless one message alone has more. Enough to make its fixed
/// cost small for each; it is over long before a message's time is.
const GROUP_EVENTS_MAX: usize = 500;
/// Events on the pile and in the transaction that runs: the next one is there when the
/// last one ends, and nothing waits for much longer than one of them takes.
const EVENTS_MAX: usize = 2 * GROUP_EVENTS_MAX;

/// A message with what it says.
pub(super) struct Readable {
    pub(super) message: Received,
    pub(super) events: Vec<IncomingEvent>,
    /// Its time is up then.
    pub(super) deadline: Instant,
}

/// A message with the room that it takes up until this is dropped.
struct Piled {
    readable: Readable,
    room: OwnedSemaphorePermit,
}

/// The pollers' end; clones are the same pile.
#[derive(Clone)]
pub(super) struct Pile {
    messages: mpsc::UnboundedSender<Piled>,
    room: Arc<Semaphore>,
}

/// The committer's end. When it is dropped, nobody waits for room any more.
pub(super) struct Taken {
    messages: mpsc::UnboundedReceiver<Piled>,
    room: Arc<Semaphore>,
    /// Not in a group yet; the oldest first.
    waiting: VecDeque<Piled>,
}

/// A message in a group.
pub(super) struct Part {
    pub(super) message: Received,
    /// Where its events are.
    events: Range<usize>,
}

/// Messages that are committed together, in the order of their arrival.
pub(super) struct Group {
    pub(super) parts: Vec<Part>,
    /// When the time of one of them is up.
    pub(super) deadline: Instant,
    events: Vec<IncomingEvent>,
    /// Given back when the group is dropped.
    room: Vec<OwnedSemaphorePermit>,
}

/// An empty pile.
pub(super) fn new() -> (Pile, Taken) {
    let (sender, messages) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(EVENTS_MAX));
    let taken = Taken { messages, room: room.clone(), waiting: VecDeque::new() };
    (Pile { messages: sender, room }, taken)
}

impl Pile {
    /// Puts a message on the pile once there is room for its events. One that nobody takes
    /// any more is dropped: it comes again.
    pub(super) async fn put(&self, readable: Readable) {
        // One that is larger than the pile has it alone.
        let size = readable.events.len().min(EVENTS_MAX);
        let room = self.room.clone().acquire_many_owned(u32::try_from(size).unwrap_or(1));
        if let Ok(room) = room.await {
            self.messages.send(Piled { readable, room }).unwrap_or_default();
        }
    }
}

impl Taken {
    /// Waits for a message and takes those behind it, as many as fit into a transaction.
    /// None when there is none left and no poller either.
    pub(super) async fn group(&mut self) -> Option<Group> {
        if self.waiting.is_empty() {
            let first = self.messages.recv().await?;
            self.waiting.push_back(first);
        }
        while let Ok(one) = self.messages.try_recv() {
            self.waiting.push_back(one);
        }
        let first = self.waiting.pop_front()?;
        let mut group = Group::new(first);
        while let Some(next) = self.waiting.pop_front() {
            if !group.hasroom_for(&next) {
                self.waiting.push_front(next);
                break;
            }
            group.add(next);
        }
        Some(group)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.close();
    }
}

impl Group {
    fn new(first: Piled) -> Self {
        let deadline = first.readable.deadline;
        let mut group = Self { parts: Vec::new(), deadline, events: Vec::new(), room: Vec::new() };
        group.add(first);
        group
    }

    fn hasroom_for(&self, one: &Piled) -> bool {
        self.events.len() + one.readable.events.len() <= GROUP_EVENTS_MAX
    }

    fn add(&mut self, one: Piled) {
        let Piled { readable: Readable { message, events, deadline }, room } = one;
        let start = self.events.len();
        self.events.extend(events);
        self.parts.push(Part { message, events: start..self.events.len() });
        self.deadline = self.deadline.min(deadline);
        self.room.push(room);
    }

    /// What these parts say, in their order.
    pub(super) fn events(&self, parts: &Range<usize>) -> &[IncomingEvent] {
        let place = |at: usize| self.parts.get(at).map(|part| &part.events);
        let start = place(parts.start).map_or(0, |events| events.start);
        let end = place(parts.end.saturating_sub(1)).map_or(start, |events| events.end);
        self.events.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
