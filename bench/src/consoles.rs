//! What operators' consoles cost the server: ten of them at each view, as they ask by themselves, against none.
//!
//! Nothing else happens meanwhile, so the difference is theirs, with all that the API does because somebody looks.

use std::time::Duration;

use admin_tui::action::Action;
use admin_tui::run::{TICK, start};
use admin_tui::source::Source;
use admin_tui::state::{Place, Rights, State};
use admin_tui::update::update;
use admin_tui::view::Target;
use domain::operator::OperatorRole;
use futures::future::join_all;
use sqlx::{Connection, PgConnection};
use store::operators;
use store::pool::{self, Purpose};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, interval, sleep_until};

use crate::Failure;
use crate::args::Options;
use crate::database::{Database, HOLDFAST};
use crate::measure::{Processes, Snapshot};
use crate::run::prepare;
use crate::scenario::Scenario;

/// Consoles at a time.
const CONSOLES: u32 = 10;
/// The views that numbers lead to.
const VIEWS: [&str; 10] = [
    "overview",
    "incidents",
    "groups",
    "plans",
    "transfers",
    "wallets",
    "queues",
    "sqs-queues",
    "audit",
    "ledger",
];

/// What was used in a stretch of time.
struct Cost {
    seconds: f64,
    api_us: f64,
    postgres_us: f64,
    /// Cores that others used meanwhile.
    others: f64,
}

impl Cost {
    fn between(from: &Snapshot, until: &Snapshot) -> Self {
        let used = until.used.since(&from.used);
        let seconds = (until.at - from.at).as_secs_f64();
        Self {
            seconds,
            api_us: used.api as f64,
            postgres_us: used.postgres as f64,
            others: used.others() as f64 / 1e6 / seconds,
        }
    }

    /// Hundredths of a core.
    fn percent(&self) -> [f64; 2] {
        [self.api_us, self.postgres_us].map(|micros| micros / self.seconds / 1e4)
    }
}

/// Measures each view and prints a line for it.
pub(crate) async fn run(
    database: &Database,
    options: &Options,
    scenario: &Scenario,
) -> Result<(), Failure> {
    rustls::crypto::ring::default_provider().install_default().ok();
    println!("\n{CONSOLES} consoles, {} s at each view", scenario.seconds);
    let url = database.fresh(HOLDFAST).await?;
    prepare(&url, options, scenario).await?;
    let (processes, addrs) = Processes::start(database, options, scenario, &url).await?;
    let addr = addrs.first().ok_or("there is no API")?.admin;
    let pool = pool::open(&url, Purpose::Reads, 1)?;
    let token = operators::issue(&pool, "bench", OperatorRole::Viewer).await?;
    pool.close().await;
    let source = Source::live(&format!("http://{addr}"), &token)?;
    let mut bench = Bench {
        processes,
        source,
        connection: PgConnection::connect(&url).await?,
        stretch: Duration::from_secs(scenario.seconds),
        warmup: Duration::from_secs(options.warmup),
    };
    bench.measure().await?;
    bench.connection.close().await?;
    bench.processes.stop().await
}

struct Bench {
    processes: Processes,
    source: Source,
    connection: PgConnection,
    stretch: Duration,
    warmup: Duration,
}

impl Bench {
    async fn measure(&mut self) -> Result<(), Failure> {
        println!(
            "  of a core, in %       API   PostgreSQL   together   requests/s   KB/s   cores of others"
        );
        let before = self.stretch(None).await?;
        let none = before.percent();
        println!(
            "  {:<18}{:>7.2}{:>13.2}{:>11.2}{:>38.1}",
            "without",
            none[0],
            none[1],
            none[0] + none[1],
            before.others
        );
        for view in VIEWS {
            let cost = self.source.cost();
            let used = self.stretch(Some(view)).await?;
            let [api, postgres] = used.percent();
            let (api, postgres) = (api - none[0], postgres - none[1]);
            let asked = self.source.cost();
            let all = (self.stretch + self.warmup).as_secs_f64();
            println!(
                "  {view:<18}{api:>+7.2}{postgres:>+13.2}{:>+11.2}{:>13.1}{:>7.0}{:>18.1}",
                api + postgres,
                (asked.requests - cost.requests) as f64 / all,
                (asked.bytes - cost.bytes) as f64 / 1024.0 / all,
                used.others,
            );
        }
        Ok(())
    }

    /// What a stretch of time costs, with consoles at this view or without any.
    async fn stretch(&mut self, view: Option<&'static str>) -> Result<Cost, Failure> {
        let from = Instant::now() + self.warmup;
        let until = from + self.stretch;
        // Not in step, as they never are.
        let first = |number: u32| Instant::now() + TICK * number / CONSOLES;
        let consoles = view.into_iter().flat_map(|view| (0..CONSOLES).map(move |one| (view, one)));
        let consoles =
            consoles.map(|(view, one)| console(view, self.source.clone(), first(one), until));
        let consoles = tokio::task::spawn_local(join_all(consoles.collect::<Vec<_>>()));
        sleep_until(from).await;
        let from = self.processes.snapshot(&mut self.connection).await?;
        sleep_until(until).await;
        let until = self.processes.snapshot(&mut self.connection).await?;
        consoles.await?.into_iter().collect::<Result<(), Failure>>()?;
        self.processes.check()?;
        Ok(Cost::between(&from, &until))
    }
}

/// A console without a screen. Fails when it would show a trouble at its end.
async fn console(
    view: &'static str,
    source: Source,
    first: Instant,
    until: Instant,
) -> Result<(), Failure> {
    let state = State::new(Target::of(view), Place::default(), Rights::default(), source.now());
    let mut state = state.ok_or("no such view")?;
    let (replies, mut arrived) = unbounded_channel();
    sleep_until(first).await;
    let mut tick = interval(TICK);
    loop {
        let action = tokio::select! {
            () = sleep_until(until) => break,
            Some(action) = arrived.recv() => action,
            _ = tick.tick() => Action::Tick(source.now()),
        };
        for effect in update(&mut state, action) {
            start(effect, source.clone(), replies.clone());
        }
    }
    let trouble = state.pane().and_then(|pane| pane.trouble.clone());
    trouble.map_or(Ok(()), |trouble| Err(format!("{view}: {trouble}").into()))
}
