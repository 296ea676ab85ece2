//! The roles that speak to SQS: relay, consumers and the desk of the queues.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};
use store::describe;
use store::pool::Single;
use store::switches::Switches;
use store::wake::Channel;
use store::writer::anew;
use telemetry::health::Health;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::consumers::{self, Consumer, ConsumerFaults, Handling};
use crate::desk;
use crate::relay::{self, Relay};
use crate::role::Role;
use crate::sqs::{Queue, Queues, SqsConfig, connect};
use crate::{Pools, RunError};

/// Longest wait for SQS at the start. Behind it transfers wait, which do not need SQS.
const FIRST_TRY_MAX: Duration = Duration::from_secs(5);
/// Pause between two looks for the queues.
const LOOK_PAUSE: Duration = Duration::from_secs(2);

/// What the roles of this process need.
pub(crate) struct Events {
    pub(crate) config: SqsConfig,
    pub(crate) roles: Vec<Role>,
    pub(crate) pools: Arc<Pools>,
    /// For the commits of the consumer of the same name, until it takes it.
    pub(crate) audit: Option<Single>,
    /// For the commits of the consumer of the same name, until it takes it.
    pub(crate) metrics: Option<Single>,
    /// Rung when there are new events.
    pub(crate) news: Arc<Notify>,
    /// What operators have paused.
    pub(crate) switches: Switches,
    /// Failures of consumers on purpose.
    pub(crate) faults: Arc<dyn ConsumerFaults>,
    /// Told when the queues are found.
    pub(crate) health: Health,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Events {
    /// Looks for the queues. An error is for a person to mend; none means that SQS does
    /// not answer, and that [`Self::run`] goes on looking.
    pub(crate) async fn find(&self) -> Result<Option<Queues>, RunError> {
        let queues = match timeout(FIRST_TRY_MAX, connect(&self.config)).await {
            Ok(Ok(queues)) => queues,
            Ok(Err(error)) if error.needs_a_person() => return Err(error.into()),
            Ok(Err(error)) => {
                tracing::warn!(error = describe(&error), "SQS is away; events wait in the outbox");
                return Ok(None);
            }
            Err(_) => {
                tracing::warn!("SQS does not answer; events wait in the outbox");
                return Ok(None);
            }
        };
        for (role, queue) in [(Role::Audit, &queues.audit), (Role::Metrics, &queues.metrics)] {
            if self.roles.contains(&role) {
                consumers::check(queue, self.config.consumer_timeout).await?;
            }
        }
        Ok(Some(queues))
    }

    /// Runs the roles until told to stop.
    pub(crate) async fn run(mut self, found: Option<Queues>) {
        let Some(queues) = self.until_found(found).await else { return };
        self.health.queues_missing(false);
        let mut running: Vec<BoxFuture<'static, ()>> = Vec::new();
        for role in self.roles.clone() {
            match role {
                Role::Sagas | Role::Calls => {}
                Role::Desk => running.push(self.queue_desk(&queues)),
                Role::Relay => running.extend(self.relay(&queues)),
                Role::Audit => {
                    let connection = self.audit.take();
                    running.extend(self.consumer(Consumer::Audit, &queues.audit, connection));
                }
                Role::Metrics => {
                    let connection = self.metrics.take();
                    running.extend(self.consumer(Consumer::Metrics, &queues.metrics, connection));
                }
            }
        }
        join_all(running).await;
    }

    fn relay(&self, queues: &Queues) -> [BoxFuture<'static, ()>; 2] {
        let (pools, news) = (&self.pools, &self.news);
        let (switches, stopping) = (self.switches.clone(), self.stopping.clone());
        let relay =
            Relay::new(pools.relay.clone(), self.config.clone(), queues, news.clone(), switches);
        let hearing = relay::hear(pools, Channel::Outbox, news.clone(), self.stopping.clone());
        let database = pools.database.clone();
        let sending = async move {
            anew(&database, || relay.clone().run(stopping.clone())).await;
        };
        [sending.boxed(), hearing.boxed()]
    }

    /// None when it runs already: a role may be named twice.
    fn consumer(
        &self,
        consumer: Consumer,
        queue: &Queue,
        connection: Option<Single>,
    ) -> Option<BoxFuture<'static, ()>> {
        let connection = connection?;
        let (timeout, faults) = (self.config.consumer_timeout, self.faults.clone());
        let handling = Handling { timeout, faults, switches: self.switches.clone() };
        let (queue, stopping) = (queue.clone(), self.stopping.clone());
        Some(consumers::run(consumer, queue, connection, handling, stopping).boxed())
    }

    fn queue_desk(&self, queues: &Queues) -> BoxFuture<'static, ()> {
        let sources = vec![queues.audit.clone(), queues.metrics.clone()];
        let (pools, stopping) = (self.pools.clone(), self.stopping.clone());
        let tending = async move {
            let tend = || {
                let (pool, listen) = (pools.desk.clone(), pools.listen.clone());
                desk::queues::run(sources.clone(), pool, listen, stopping.clone())
            };
            anew(&pools.database, tend).await;
        };
        tending.boxed()
    }

    /// None when the process stops first.
    async fn until_found(&mut self, mut found: Option<Queues>) -> Option<Queues> {
        while found.is_none() {
            tokio::select! {
                () = tokio::time::sleep(LOOK_PAUSE) => {}
                _ = self.stopping.wait_for(|stop| *stop) => return None,
            }
            match self.find().await {
                Ok(queues) => found = queues,
                // The start could not say so, because SQS was away.
                Err(error) => tracing::error!(error = describe(&error), "no events are sent"),
            }
        }
        found
    }
}
