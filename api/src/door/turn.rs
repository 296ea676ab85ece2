//! Whose turn it is on a connection: ours or the client's.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// A connection as it stands. Shared by what reads and writes bytes, what answers requests, and
/// what decides who has to go.
#[derive(Debug, Default)]
pub(super) struct Turn {
    stands: AtomicU8,
    go: Notify,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// The client sends its first headers, or has yet to begin.
    New = 0,
    /// It sends the headers of another request.
    Sending = 1,
    /// It may send another request.
    Idle = 2,
    /// It has sent one, which is not wholly answered yet.
    Asked = 3,
    /// It was told to go.
    Gone = 4,
}

impl Turn {
    pub(super) fn stands(&self) -> Stands {
        match self.stands.load(Ordering::Acquire) {
            0 => Stands::New,
            1 => Stands::Sending,
            2 => Stands::Idle,
            3 => Stands::Asked,
            _ => Stands::Gone,
        }
    }

    /// Whether the change was made: only from `from`.
    fn change(&self, from: Stands, to: Stands) -> bool {
        let exchanged =
            self.stands.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire);
        exchanged.is_ok()
    }

    /// Bytes came.
    pub(super) fn heard(&self) {
        self.change(Stands::Idle, Stands::Sending);
    }

    /// A request is whole. False when the connection was told to go just before.
    pub(super) fn asked(&self) -> bool {
        [Stands::New, Stands::Sending, Stands::Idle, Stands::Asked]
            .into_iter()
            .any(|from| self.change(from, Stands::Asked))
    }

    /// The request is answered.
    pub(super) fn answered(&self) {
        self.change(Stands::Asked, Stands::Idle);
    }

    /// Whether the client has had headers to send for all this time and has not sent them.
    pub(super) fn owes_headers(&self) -> bool {
        matches!(self.stands(), Stands::New | Stands::Sending)
    }

    /// Tells the connection to go, if it is not in the middle of a request.
    pub(super) fn send_away(&self) -> bool {
        let sent = [Stands::New, Stands::Sending, Stands::Idle]
            .into_iter()
            .any(|from| self.change(from, Stands::Gone));
        if sent {
            self.go.notify_one();
        }
        sent
    }

    /// Done when it was told to go.
    pub(super) async fn told_to_go(&self) {
        self.go.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_in_the_middle_of_a_request_is_not_sent_away() {
        let turn = Turn::default();
        assert!(turn.owes_headers());
        assert!(turn.asked());
        assert!(!turn.send_away());
        turn.answered();
        assert_eq!(turn.stands(), Stands::Idle);
        turn.heard();
        assert!(turn.owes_headers());
        assert!(turn.send_away());
        assert!(!turn.asked(), "too late");
    }
}
