//! `--failures`: things break while the load runs, are mended, and break again; at the end stands a report of what must
//! always hold.
//!
//! * Steps and their undos fail, by causes that take turns in being broken and well. So dead letters have several
//!   causes, and of those that are sent back some settle and others die again.
//! * Consumers drop messages, which come again and in the end go to the dead-letter queue of SQS.
//! * Messages come that no consumer can read.
//! * The SQS endpoint is away for [`AWAY_S`] seconds of each minute.
//!
//! What fails, and when, is a function of ids and of the time since the begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use embedded::sqs::Endpoint;
use store::pool::{self, Pool, Purpose};
use store::{StoreError, census};
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::console::{Console, print};
use crate::error::DevError;
use crate::load::{Fleet, Tally};
use crate::queues::{QUEUES, Queues};
use crate::system::Places;

mod plan;
mod poison;
mod report;
mod switch;

pub(crate) use plan::is_chosen;
use report::Report;
use switch::Switch;

/// What the banner says about it.
pub(crate) const DESCRIPTION: &str = "6.4 % fail on purpose, by causes that break and are mended; so do consumers and the SQS endpoint";

/// For workers that break things: so a dead letter is there after 4 s, not after 30, and what waits for a retry or for
/// its next receive at the end does not wait for long.
pub(crate) const WORKER_DEFAULTS: [(&str, &str); 2] =
    [("HOLDFAST_RETRY_ATTEMPT_MAX", "5"), ("HOLDFAST_CONSUMER_TIMEOUT_S", "2")];

/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(250);
/// Seconds between two messages that cannot be read.
const POISON_EVERY_S: u64 = 3;
/// Seconds from one absence of the endpoint to the next.
const AWAY_EVERY_S: u64 = 60;
/// Second of them in which it goes.
const AWAY_FROM_S: u64 = 5;
/// Seconds for which it is away.
const AWAY_S: u64 = 10;
/// How long open work may take at the end. The longest that anything waits for is a message to come again, 6 s.
const REST_MAX: Duration = Duration::from_secs(30);

/// The endpoint, for whoever stops and resumes it.
pub(crate) type SharedEndpoint = Arc<Mutex<Endpoint>>;

/// All that goes wrong on purpose.
pub(crate) struct Failures {
    switch: Arc<Switch>,
    endpoint: SharedEndpoint,
    away: AtomicBool,
    queues: Queues,
    pool: Pool,
    /// What was written before is not in the report: of an earlier start, the queues are gone.
    since: DateTime<Utc>,
    tally: Tally,
}

/// The part of them that the workers must have before anything can fail.
#[derive(Default)]
pub(crate) struct Wiring(Arc<Switch>);

impl Wiring {
    /// For the workers. Nothing fails yet.
    pub(crate) fn hooks(&self, fleet: Arc<Fleet>) -> jobs::Hooks {
        switch::hooks(&self.0, fleet)
    }
}

impl Failures {
    /// Ready to break what runs.
    pub(crate) fn new(
        wiring: Wiring,
        endpoint: SharedEndpoint,
        places: &Places,
        tally: Tally,
    ) -> Result<Self, DevError> {
        let pool = pool::open(&places.database_url, Purpose::Maintenance, 2);
        let pool = pool.map_err(DevError::Report)?;
        let queues = Queues::at(&places.sqs_url)?;
        let (away, since) = (AtomicBool::new(false), Utc::now());
        Ok(Self { switch: wiring.0, endpoint, away, queues, pool, since, tally })
    }

    /// Breaks things until it is dropped.
    pub(crate) async fn run(&self) {
        self.switch.begin();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut poisons) = (None, 0);
        loop {
            tick.tick().await;
            let Some(elapsed) = self.switch.elapsed() else { continue };
            let broken = plan::broken(elapsed);
            if told.as_ref() != Some(&broken) {
                print(&format!("failures  broken now: {}\n", broken.join(", ")));
                told = Some(broken);
            }
            // While somebody else has its port, the next tick tries again.
            let _ = self.show_endpoint(is_away(elapsed)).await;
            if elapsed.as_secs() >= POISON_EVERY_S * poisons {
                let (queue, body) = poison::message(poisons);
                // While the queues are away, the next tick tries again.
                poisons += u64::from(self.queues.send(queue, &body).await.is_ok());
            }
        }
    }

    /// Stops or resumes the endpoint, if that is a change.
    async fn show_endpoint(&self, away: bool) -> Result<(), DevError> {
        if away == self.away.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut endpoint = self.endpoint.lock().await;
        // Before the act, so that the end resumes an endpoint whose stop was broken off.
        self.away.store(true, Ordering::Relaxed);
        if away {
            print("failures  the SQS endpoint is away; events wait in the outbox\n");
            endpoint.stop().await;
        } else {
            endpoint.resume().await?;
            self.away.store(false, Ordering::Relaxed);
            print("failures  the SQS endpoint is back\n");
        }
        Ok(())
    }

    /// Mends everything, waits for open work, and reports. An error when something is not as it must be.
    pub(crate) async fn finish(&self, console: &Console) -> Result<(), DevError> {
        self.switch.end();
        let began = Instant::now();
        while let Err(error) = self.show_endpoint(false).await {
            if began.elapsed() > REST_MAX {
                return Err(error);
            }
            sleep(TICK).await;
        }
        let limit_s = REST_MAX.as_secs();
        console.step(&format!("all is mended; waiting up to {limit_s} s for what is still open"));
        self.wait_for_rest().await;
        let report =
            Report::make(&self.pool, &self.queues, self.since, self.tally.totals()).await?;
        print(&report.to_string());
        match report.broken().len() {
            0 => Ok(()),
            count => Err(DevError::Broken(count)),
        }
    }

    /// Twice in a row: a request that was under way when the load stopped may still become a transfer.
    async fn wait_for_rest(&self) {
        let (began, mut rests) = (Instant::now(), 0);
        while rests < 2 && began.elapsed() < REST_MAX {
            rests = if self.is_at_rest().await { rests + 1 } else { 0 };
            sleep(TICK).await;
        }
    }

    /// Looks in the direction in which work flows, so that none can pass unseen.
    async fn is_at_rest(&self) -> bool {
        let work: Result<_, StoreError> = census::work(&self.pool).await;
        if work.is_ok_and(|work| work == census::Work { open: 0, outbox: 0 }) {
            let [audit, metrics] = QUEUES.map(|queue| self.queues.count(queue));
            matches!(tokio::join!(audit, metrics), (Ok(0), Ok(0)))
        } else {
            false
        }
    }
}

fn is_away(elapsed: Duration) -> bool {
    (AWAY_FROM_S..AWAY_FROM_S + AWAY_S).contains(&(elapsed.as_secs() % AWAY_EVERY_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_away_for_ten_seconds_of_each_minute() {
        let away = |second: &u64| is_away(Duration::from_secs(*second));
        assert_eq!((0..60).filter(away).count(), 10);
        assert_eq!((0..600).filter(away).count(), 100);
        assert!(!away(&0) && away(&5) && !away(&15));
    }
}
