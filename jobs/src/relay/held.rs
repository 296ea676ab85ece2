//! What a relay remembers of events that some queues have and others do not.
//!
//! Only a memory: a relay without it sends an event twice to a queue that has it,
//! which consumers expect.

use std::collections::HashMap;
use std::time::Duration;

use domain::ids::EventId;
use tokio::time::Instant;

/// What a queue refused is not offered again before this; it is refused for what it is.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);
/// Events remembered. Beyond this all are forgotten.
const NOTE_MAX: usize = 20_000;

/// What a queue says to one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has it.
    Taken,
    /// It does not want it.
    Refused,
    /// It does not want a message that holds it and others; it may want it alone.
    RefusedTogether,
    /// It was not asked, or did not answer.
    None,
}

#[derive(Debug, Clone)]
struct Note {
    /// Per queue, whether it has the event.
    taken: Vec<bool>,
    not_before: Instant,
    /// Whether a message was refused that held it and others.
    apart: bool,
}

/// Events that some queue has answered for, but not all have taken.
#[derive(Debug, Default)]
pub(super) struct Held {
    notes: HashMap<EventId, Note>,
}

impl Held {
    /// Whether this queue is to be sent this event `now`.
    pub(super) fn wants(&self, queue: usize, id: EventId, now: Instant) -> bool {
        self.notes.get(&id).is_none_or(|note| !note.taken[queue] && now >= note.not_before)
    }

    /// Whether this event must not share a message, lest one that is refused for what it is
    /// holds back its neighbours for ever.
    pub(super) fn is_apart(&self, id: EventId) -> bool {
        self.notes.get(&id).is_some_and(|note| note.apart)
    }

    /// Takes note of the answers: one list a queue, each as long as `ids`. Returns the
    /// ids that every queue has.
    pub(super) fn settle(
        &mut self,
        ids: &[EventId],
        answers: &[Vec<Answer>],
        now: Instant,
    ) -> Vec<EventId> {
        if self.notes.len() > NOTE_MAX {
            self.notes.clear();
        }
        let mut sent = Vec::with_capacity(ids.len());
        for (at, &id) in ids.iter().enumerate() {
            let taken = vec![false; answers.len()];
            let new = || Note { taken, not_before: now, apart: false };
            let mut note = self.notes.remove(&id).unwrap_or_else(new);
            for (taken, answers) in note.taken.iter_mut().zip(answers) {
                match answers[at] {
                    Answer::Taken => *taken = true,
                    Answer::Refused => note.not_before = now + REFUSED_PAUSE,
                    Answer::RefusedTogether => note.apart = true,
                    Answer::None => {}
                }
            }
            if note.taken.iter().all(|taken| *taken) {
                sent.push(id);
            } else if note.apart || note.not_before > now || note.taken.contains(&true) {
                self.notes.insert(id, note);
            }
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Answer::{None, Refused, RefusedTogether, Taken};
    use super::*;

    #[test]
    fn an_event_goes_once_to_each_queue_and_what_is_refused_waits() {
        let [a, b, c] = [1, 2, 3].map(|number| EventId(Uuid::from_u128(number)));
        let (mut held, now) = (Held::default(), Instant::now());
        let answers = [vec![Taken, Taken, None], vec![Taken, Refused, None]];
        assert_eq!(held.settle(&[a, b, c], &answers, now), [a]);
        assert!(!held.wants(0, b, now), "it has it");
        assert!(!held.wants(1, b, now), "it has just refused it");
        assert!(held.wants(0, c, now) && held.wants(1, c, now), "nobody answered");
        let later = now + REFUSED_PAUSE;
        assert!(!held.wants(0, b, later) && held.wants(1, b, later));
        assert_eq!(held.settle(&[b], &[vec![None], vec![Taken]], later), [b]);
        assert!(held.notes.is_empty());
    }

    #[test]
    fn what_was_refused_together_goes_alone_and_at_once() {
        let [a, b] = [1, 2].map(|number| EventId(Uuid::from_u128(number)));
        let (mut held, now) = (Held::default(), Instant::now());
        assert!(!held.is_apart(a));
        let answers = [vec![RefusedTogether, RefusedTogether], vec![Taken, Taken]];
        assert_eq!(held.settle(&[a, b], &answers, now), []);
        assert!(held.is_apart(a) && held.wants(0, a, now) && !held.wants(1, a, now));
        // Alone, one is taken and the other turns out to be what was refused.
        let answers = [vec![Taken, Refused], vec![None, None]];
        assert_eq!(held.settle(&[a, b], &answers, now), [a]);
        assert!(!held.is_apart(a) && held.is_apart(b) && !held.wants(0, b, now));
    }
}
