//! Pauses while SQS or the database is away.

use std::time::Duration;

use tokio::sync::watch;

/// A restart of the database is over in about a second.
const FIRST: Duration = Duration::from_millis(250);
/// A consumer notices that an outage is over within this time.
const LONGEST: Duration = Duration::from_secs(5);

/// Doubles from [`FIRST`] to [`LONGEST`] until something works again.
#[derive(Debug, Default)]
pub(super) struct Pause {
    next: Option<Duration>,
}

impl Pause {
    pub(super) fn reset(&mut self) {
        self.next = None;
    }

    /// Waits, but not for longer than until the stop.
    pub(super) async fn wait(&mut self, stopping: &mut watch::Receiver<bool>) {
        let pause = self.step();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }

    fn step(&mut self) -> Duration {
        let pause = self.next.unwrap_or(FIRST);
        self.next = Some((pause * 2).min(LONGEST));
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_begin_anew() {
        let mut pause = Pause::default();
        let steps: Vec<u128> = (0..7).map(|_| pause.step().as_millis()).collect();
        assert_eq!(steps, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        pause.reset();
        assert_eq!(pause.step(), FIRST);
    }
}
