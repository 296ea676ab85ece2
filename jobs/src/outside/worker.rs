//! The worker of outside calls: take with a lease, ask, write the answer down.
//!
//! * Each of the three has its own short time with a connection to the database; while the
//!   provider is waited for, none is held and no row is locked.
//! * The lease is committed before the call. *If the process dies after that:* the lease
//!   ends, another call is made, and it begins by asking what became of the first.
//! * The answer is written by whoever has the lease. One that comes too late changes nothing.

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::BoxDynError;
use domain::answer::Answer;
use domain::ids::TransferId;
use domain::job::{CALL_QUEUE, CallJob};
use domain::trace::trace_id;
use serde_json::Value;
use sqlx::PgPool;
use store::calls::{self, Call};
use store::switches::Switches;
use store::wake::{Channel, Waker};
use store::{StoreError, Temper, describe, notices, put_off};
use tokio::time::Instant;

use super::ask::{Asked, Outside};
use super::config::OutsideConfig;
use super::guard::{Entry, PLACE_WAIT};
use super::http::OutsideError;
use super::watched::watched;
use super::{CallPoint, CallProbe};
use crate::drain::{Drain, Handler, Sort};

/// How long an answer is tried to be written down while the database is away. Then it is
/// lost, and the next call asks for it.
const RECORD_MAX: Duration = Duration::from_secs(5);
/// Pause between two such tries.
const RECORD_PAUSE: Duration = Duration::from_millis(200);
/// What a lease has beyond all that a call may take.
const LEASE_MARGIN: Duration = Duration::from_secs(2);
/// When a call that found no place comes back.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// The queue of calls, with so many in hand.
pub(crate) fn drain(config: &OutsideConfig) -> Drain {
    Drain { queue: CALL_QUEUE, channel: Channel::Calls, concurrency: config.call_concurrency }
}

/// What all calls of a process share.
#[derive(Clone)]
pub(crate) struct Calls(Arc<Shared>);

struct Shared {
    pool: PgPool,
    outside: Outside,
    lease: Duration,
    /// Wakes lanes: an answer is there.
    waker: Waker,
    /// What operators have paused.
    switches: Switches,
    probe: Arc<dyn CallProbe>,
}

impl Calls {
    pub(crate) fn new(
        pool: PgPool,
        waker: Waker,
        config: &OutsideConfig,
        switches: Switches,
        probe: Arc<dyn CallProbe>,
    ) -> Result<Self, OutsideError> {
        let outside = Outside::open(config)?;
        let lease = PLACE_WAIT + outside.time_max() + RECORD_MAX + LEASE_MARGIN;
        Ok(Self(Arc::new(Shared { pool, outside, lease, waker, switches, probe })))
    }
}

impl Handler for Calls {
    async fn handle(&self, job: Value, sort: Sort) -> Result<(), BoxDynError> {
        let id = match serde_json::from_value(job) {
            Ok(CallJob::V1 { id }) => id,
            Err(error) => {
                tracing::error!(error = %error, "a call job cannot be read; the keeper finds its transfer");
                return Ok(());
            }
        };
        // A task of its own: one that panics does not take the worker along, and calls do not
        // share one processor.
        let shared = self.0.clone();
        let error = match tokio::spawn(async move { shared.call(id, sort.again).await }).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => describe(&error),
            Err(error) => error.to_string(),
        };
        tracing::warn!(
            transfer.id = %id, error,
            "the call for transfer {id} came to no end; another one is made after its lease"
        );
        Ok(())
    }
}

impl Shared {
    async fn call(&self, id: TransferId, again: bool) -> Result<(), StoreError> {
        let taken = calls::take(&mut *self.pool.acquire().await?, id, self.lease).await?;
        let Some(call) = taken else {
            // Answered, or in somebody else's hands: a job that came twice. If it was in the hands
            // of a worker that died, so may the call be.
            if again {
                put_off::behind_lease(&mut *self.pool.acquire().await?, id).await?;
            }
            return Ok(());
        };
        // It was not paused when the lane asked for the call, which may be long ago.
        if let Some(switch) = self.switches.now().pausing(call.kind, call.step, false) {
            return put_off::pause(&mut *self.pool.acquire().await?, call.lease(), switch).await;
        }
        let Some(asked) = Asked::by(call.step) else {
            let detail = format!("transfer {id} waits for a call at {}", call.step);
            return Err(StoreError::Corrupt(detail));
        };
        let told = if asked.is_told(&call) { self.told(&call).await } else { None };
        let answer = match told {
            Some(answer) => Some(answer),
            None => self.make(asked, &call).await?,
        };
        match answer {
            Some(answer) => self.record(&call, &answer).await,
            None => Ok(()),
        }
    }

    /// Makes the call. None when it was put off.
    async fn make(&self, asked: Asked, call: &Call) -> Result<Option<Answer>, StoreError> {
        let pass = match self.outside.enter(asked).await {
            Entry::Pass(pass) => pass,
            Entry::Refused(detail) => {
                return Ok(Some(asked.careful(call, Answer::NotSent { detail })));
            }
            Entry::Busy => {
                let mut connection = self.pool.acquire().await?;
                put_off::call(&mut connection, call.lease(), BUSY_PAUSE).await?;
                return Ok(None);
            }
        };
        self.probe.reached(CallPoint::BeforeCall, call);
        let answer = watched(asked, call, self.outside.ask(asked, call)).await;
        self.probe.reached(CallPoint::AfterCall, call);
        let failed = matches!(answer, Answer::NotSent { .. } | Answer::Unknown { .. });
        pass.done(failed);
        let (id, correlation_id) = (call.id, call.correlation_id.as_deref().unwrap_or_default());
        let trace_id = trace_id(call.traceparent.as_deref());
        tracing::debug!(
            transfer.id = %id, call.count = call.call_count, correlation_id, trace_id, ?answer,
            "asked for {} for transfer {id}", asked.name()
        );
        let answer = asked.careful(call, answer);
        if asked == Asked::Screening {
            return Ok(Some(answer));
        }
        // While the provider was asked it may have told by itself.
        Ok(Some(match self.told(call).await {
            Some(told) => answer.beside(told),
            None => answer,
        }))
    }

    /// What the provider has told by itself. A notice that cannot be read now is read later.
    async fn told(&self, call: &Call) -> Option<Answer> {
        let found = async { notices::find(&mut *self.pool.acquire().await?, call.id).await };
        match found.await {
            Ok(notice) => notice.map(|notice| notice.answer()),
            Err(error) => {
                tracing::debug!(error = describe(&error), "no look at the notices");
                None
            }
        }
    }

    /// Writes the answer down, also when the database is away for a moment: the provider
    /// would have to be asked again.
    async fn record(&self, call: &Call, answer: &Answer) -> Result<(), StoreError> {
        let end = Instant::now() + RECORD_MAX;
        loop {
            match self.try_record(call, answer).await {
                Ok(true) => {
                    self.waker.wake();
                    return Ok(());
                }
                Ok(false) => {
                    let correlation_id = call.correlation_id.as_deref().unwrap_or_default();
                    let trace_id = trace_id(call.traceparent.as_deref());
                    tracing::info!(
                        transfer.id = %call.id, correlation_id, trace_id,
                        "the answer for transfer {} came too late and is left out", call.id
                    );
                    return Ok(());
                }
                Err(error) if error.temper() == Temper::Outage && Instant::now() < end => {
                    tokio::time::sleep(RECORD_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_record(&self, call: &Call, answer: &Answer) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        calls::answer(&mut connection, call.lease(), answer).await
    }
}
