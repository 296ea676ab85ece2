//! Synthetic transfers: an open loop among wallets of its own, through the public API.
//!
//! The loop does not wait for answers before it sends the next request, as customers do not either; so a slow system
//! shows in the latencies and not in a lower rate. Latencies count from the instant at which a request was due.
//! Outcomes are read from the database, for all transfers in one statement, because asking for each would be a load
//! of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::TransferId;
use store::pool::{self, Pool, Purpose};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use uuid::Uuid;
use wire::CreateTransfer;

use crate::client::Client;
use crate::console::print;
use crate::error::DevError;
use crate::failures;

mod faults;
mod fleet;
mod meter;

pub(crate) use faults::{hooks, is_chosen};
pub(crate) use fleet::{Fleet, REFERENCE};

use meter::Meter;
pub(crate) use meter::Totals;

/// How often it is looked whether requests are due. Short beside a round trip, long beside the look.
const TICK: Duration = Duration::from_millis(5);
/// Requests under way at most. Far more than a healthy API ever has; what is due beyond it is counted, not sent.
const IN_FLIGHT_MAX: usize = 2_000;
/// How often outcomes are read: the precision of their latencies.
const FOLLOW_EVERY: Duration = Duration::from_millis(10);
/// After a statement that failed.
const FOLLOW_AFTER_FAILURE: Duration = Duration::from_millis(200);
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// What the banner says about it.
pub(crate) fn describe(per_second: u32, failures: bool) -> String {
    let (wallets, poor) = (fleet::WALLETS, fleet::POOR_PERCENT);
    let made_up = if failures { failures::DESCRIPTION } else { faults::DESCRIPTION };
    format!(
        "{per_second} transfers/s among {wallets} wallets; {poor} % lack the funds and are rejected;\n\
         {:14}{made_up}",
        ""
    )
}

/// A load that is ready to run.
pub(crate) struct Load {
    client: Client,
    fleet: Arc<Fleet>,
    pool: Pool,
    per_second: u32,
    meter: Arc<Mutex<Meter>>,
}

impl Load {
    /// Opens and funds the wallets. Transfers that are chosen to fail count for no latency.
    pub(crate) async fn prepare(
        client: Client,
        fleet: &Arc<Fleet>,
        database_url: &str,
        per_second: u32,
        is_chosen: fn(TransferId) -> bool,
    ) -> Result<Self, DevError> {
        fleet.fund(&client).await?;
        let pool = pool::open(database_url, Purpose::Reads, 1).map_err(DevError::Load)?;
        let fleet = Arc::clone(fleet);
        let meter = Arc::new(Mutex::new(Meter::new(is_chosen)));
        Ok(Self { client, fleet, pool, per_second, meter })
    }

    /// Counts what is done, also after the end of the load.
    pub(crate) fn tally(&self) -> Tally {
        Tally(Arc::clone(&self.meter))
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        tokio::join!(self.send(), self.follow(), self.report());
    }

    async fn send(&self) {
        let began = Instant::now();
        let seed = Uuid::now_v7().as_u64_pair().1;
        let mut requests = JoinSet::new();
        let mut tick = interval(TICK);
        // What was missed is sent at the next tick anyway, because the clock says how much is due.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count: u64 = 0;
        loop {
            tick.tick().await;
            while requests.try_join_next().is_some() {}
            while let Some(due) = due_at(began, count, self.per_second)
                && due <= Instant::now()
            {
                let body = self.fleet.transfer(seed.wrapping_add(count));
                count = count.saturating_add(1);
                match body {
                    Some(body) if requests.len() < IN_FLIGHT_MAX => {
                        let (client, meter) = (self.client.clone(), Arc::clone(&self.meter));
                        requests.spawn(async move { request(&client, &meter, body, due).await });
                    }
                    _ => with(&self.meter, Meter::unsent),
                }
            }
        }
    }

    async fn follow(&self) {
        loop {
            sleep(FOLLOW_EVERY).await;
            let open = with(&self.meter, |meter| meter.open());
            if open.is_empty() {
                continue;
            }
            match store::transfers::statuses(&self.pool, &open).await {
                Ok(statuses) => with(&self.meter, |meter| meter.stand(&statuses)),
                // An outage is for the API and the workers to report.
                Err(_) => sleep(FOLLOW_AFTER_FAILURE).await,
            }
        }
    }

    async fn report(&self) {
        let mut tick = interval(REPORT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one comes at once, with nothing to report.
        tick.tick().await;
        loop {
            tick.tick().await;
            let line = with(&self.meter, Meter::report);
            print(&line);
        }
    }
}

/// What a load has done.
pub(crate) struct Tally(Arc<Mutex<Meter>>);

impl Tally {
    /// All of it so far.
    pub(crate) fn totals(&self) -> Totals {
        with(&self.0, |meter| meter.totals())
    }
}

/// When the request with this number, counted from 0, is due; none after more time than a clock counts.
fn due_at(began: Instant, number: u64, per_second: u32) -> Option<Instant> {
    let nanos = number.checked_mul(1_000_000_000)?.checked_div(per_second.into())?;
    began.checked_add(Duration::from_nanos(nanos))
}

async fn request(client: &Client, meter: &Mutex<Meter>, body: CreateTransfer, due: Instant) {
    let key = format!("dev-load-{}", Uuid::now_v7());
    match client.transfer(&key, &body).await {
        Ok(transfer) => with(meter, |meter| meter.accepted(transfer.id, due)),
        Err(_) => with(meter, Meter::refused),
    }
}

/// Nothing under this lock can panic half-way through a change.
fn with<T>(meter: &Mutex<Meter>, change: impl FnOnce(&mut Meter) -> T) -> T {
    change(&mut meter.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_an_even_rate() {
        let began = Instant::now();
        let due = |number, per_second| due_at(began, number, per_second).map(|at| at - began);
        assert_eq!(due(0, 7), Some(Duration::ZERO));
        assert_eq!(due(1, 50), Some(Duration::from_millis(20)));
        assert_eq!(due(30, 3), Some(Duration::from_secs(10)));
        assert_eq!(due(u64::MAX, 1), None);
    }
}
