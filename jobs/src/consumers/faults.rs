//! Failures of consumers on demand, for the simulator of failures and for tests.

use store::inbox::IncomingEvent;

use super::Consumer;

/// Decides which messages a consumer fails to handle. The production answer is [`NoConsumerFaults`].
pub trait ConsumerFaults: Send + Sync {
    /// Asked for each readable message before its `events` are committed. After a yes nothing is
    /// done with it, as if the process had died there: it comes again, and after too many receives
    /// SQS moves it to the dead-letter queue.
    fn drops(&self, consumer: Consumer, events: &[IncomingEvent]) -> bool;
}

/// No consumer fails on purpose.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoConsumerFaults;

impl ConsumerFaults for NoConsumerFaults {
    fn drops(&self, _: Consumer, _: &[IncomingEvent]) -> bool {
        false
    }
}
