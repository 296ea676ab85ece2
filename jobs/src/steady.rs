//! When an idle apalis worker looks for jobs.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::prelude::{PollSnapshot, PollStrategy};
use futures::Stream;
use sqlx::postgres::{PgListener, PgNotification};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The longest that a job waits when its wake-up was lost, and the precision of retries.
const TICK: Duration = Duration::from_millis(250);

type Notifications = Pin<Box<dyn Stream<Item = Result<PgNotification, sqlx::Error>> + Send>>;

/// Looks at every wake-up and at every tick.
///
/// apalis's own strategies answer "ready" without leaving a waker behind, and then
/// an idle worker can sleep until its next heartbeat. This one polls each source
/// until it is pending, so a waker is always registered; that also swallows a
/// backlog of wake-ups in one go.
pub(crate) struct Steady {
    tick: Interval,
    wakes: Option<Notifications>,
}

impl Steady {
    pub(crate) fn new(listener: PgListener) -> Self {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { tick, wakes: Some(Box::pin(listener.into_stream())) }
    }
}

impl PollStrategy for Steady {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut fired = false;
        while self.tick.poll_tick(context).is_ready() {
            fired = true;
        }
        while let Some(wakes) = &mut self.wakes {
            match wakes.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(_))) => fired = true,
                // The stream ends with its first error. The worker is made anew when
                // its own connections fail; until then the ticks do.
                Poll::Ready(Some(Err(_)) | None) => self.wakes = None,
                Poll::Pending => break,
            }
        }
        if fired { Poll::Ready(Some(())) } else { Poll::Pending }
    }
}
