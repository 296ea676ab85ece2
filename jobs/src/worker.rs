//! Takes saga jobs and hands their transfers to the lane.

use apalis::prelude::BoxDynError;
use domain::job::{SAGA_QUEUE, SagaJob};
use serde_json::Value;
use store::wake::Channel;

use crate::drain::{Drain, Handler, Sort};
use crate::lane::LaneHandle;

/// The lane merges the jobs in hand, so more of them would only wait there.
pub(crate) const SAGAS: Drain =
    Drain { queue: SAGA_QUEUE, channel: Channel::Saga, concurrency: 32 };

impl Handler for LaneHandle {
    async fn handle(&self, job: Value, sort: Sort) -> Result<(), BoxDynError> {
        let ids = match serde_json::from_value(job) {
            Ok(SagaJob::V1 { ids }) => ids,
            Err(error) => {
                tracing::error!(error = %error, "a saga job cannot be read; the keeper finds its transfers");
                return Ok(());
            }
        };
        // A job that comes back was in the hands of a process that died: one of its
        // transfers may be the reason, and then each is run apart.
        self.advance(ids, sort.again, sort.bulk).await?;
        Ok(())
    }
}
