//! `holdfast-bench door`: what other clients notice while one floods the API and thousands of connections dawdle.
//!
//! The other clients send by the clock, each with a key of its own, first alone and then beside the attack. What is
//! shown: their latencies in both phases, that each of their requests was answered well, and what became of the attack.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::args::DoorOptions;
use crate::children::Running;
use crate::database::{Database, HOLDFAST};
use crate::fund::Filling;
use crate::histogram::Histogram;
use crate::machine::Machine;
use crate::measure::Addrs;
use crate::parts::Part;
use crate::{Failure, cpu};

mod attack;
mod others;

use attack::{Attack, Done};
use others::Seen;

/// Wallets that the other clients read and move money between.
const WALLETS: u64 = 1_000;
/// What one key may ask in a second.
const RATE: &str = "500:1000";
/// Until the slow connections are there and the flood has used up its burst.
const SETTLE: Duration = Duration::from_secs(3);

/// Measures once. Returns whether the other clients were served as if nothing happened.
pub(crate) async fn run(options: &DoorOptions) -> Result<bool, Failure> {
    Database::lend(&options.common, async |database| measure(database, options).await).await
}

async fn measure(database: &Database, options: &DoorOptions) -> Result<bool, Failure> {
    println!("{}", Machine::look(&database.folder).describe());
    let url = database.fresh(HOLDFAST).await?;
    migration::up(&url).await?;
    Filling::new(WALLETS, 0).write(&url).await?;
    let variable = |name, value: &str| (name, value.to_owned());
    let common = [variable("DATABASE_URL", &url), variable("HOLDFAST_LOG", &options.common.log)];
    let (jobs, _) = Running::start(Part::Jobs, 1, &common, &database.folder).await?;
    let mut for_api = common.to_vec();
    for (name, value) in [
        ("HOLDFAST_API_ADDR", "127.0.0.1:0"),
        ("HOLDFAST_ADMIN_ADDR", "127.0.0.1:0"),
        // The door counts keys before anybody has looked whether they are good.
        ("HOLDFAST_AUTH", "off"),
        ("HOLDFAST_RATE_KEY", RATE),
        // All come from this machine, so the address tells nobody from anybody.
        ("HOLDFAST_RATE_ADDRESS", "0"),
    ] {
        for_api.push(variable(name, value));
    }
    let (api, addr) = Running::start(Part::Api, 1, &for_api, &database.folder).await?;
    let addr = Addrs::read(&addr)?.public;
    let time = Duration::from_secs(options.seconds);

    others::run(addr, Duration::from_secs(2)).await;
    let alone = others::run(addr, time).await;
    let attack = Attack::start(addr, options.flood, options.slow)?;
    sleep(SETTLE).await;
    let (began, before) = (Instant::now(), cpu::of_process(api.pid));
    let done_before = attack.done();
    let beside = others::run(addr, time).await;
    let (seconds, spent) = (began.elapsed().as_secs_f64(), cpu::of_process(api.pid) - before);
    let done = attack.done().since(&done_before);
    let memory = cpu::memory(api.pid);
    drop(attack);
    api.stop().await?;
    jobs.stop().await?;
    tell(&alone, &beside, &done, seconds);
    println!("  API: {:.0} % of a core, {:.0} MB", spent as f64 / seconds / 10_000.0, memory.now);
    let fine = alone.trouble() + beside.trouble() == 0 && done.refused > 0;
    println!(
        "door: {}",
        if fine { "the others were served as if nothing happened" } else { "NOT CLEAN" }
    );
    Ok(fine)
}

fn tell(alone: &Seen, beside: &Seen, done: &Done, seconds: f64) {
    println!(
        "  {:<28}{:>10}{:>10}{:>10}{:>10}",
        "latency of other keys, ms", "p50", "p99", "p99.9", "max"
    );
    for (name, seen) in [("alone", alone), ("beside the attack", beside)] {
        for (what, histogram) in [("reads", &seen.reads), ("transfers", &seen.transfers)] {
            row(&format!("{name}, {what}"), histogram);
        }
        println!(
            "  {name}: {} requests, {} answered otherwise, {} connections broken",
            seen.reads.count() + seen.transfers.count(),
            seen.refused,
            seen.broken
        );
    }
    let per_second = |count: u64| count as f64 / seconds;
    println!(
        "  the flood: {:.0}/s sent, {:.0}/s refused with 429, {:.0}/s let in, {:.0}/s otherwise",
        per_second(done.sent),
        per_second(done.refused),
        per_second(done.let_in),
        per_second(done.otherwise)
    );
    println!(
        "  slow connections: {} open, {:.0}/s closed by the API",
        done.slow_open,
        per_second(done.slow_closed)
    );
}

fn row(name: &str, histogram: &Histogram) {
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| ms(histogram.quantile(share)));
    println!("  {name:<28}{p50:>10.2}{p99:>10.2}{p999:>10.2}{:>10.2}", ms(histogram.max()));
}

fn ms(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
