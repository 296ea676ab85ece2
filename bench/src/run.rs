//! One run of one scenario on a database of its own, from its wallets to the check of its ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use store::ledger::{self, Mode};
use store::pool::{self, Pool, Purpose};
use tokio::time::{Instant, sleep, sleep_until};

use crate::args::Options;
use crate::baseline::{self, Baseline};
use crate::database::{Database, HOLDFAST};
use crate::figures::Figures;
use crate::fund::Filling;
use crate::load::{Load, Mix, Plan, Tally};
use crate::measure::{Addrs, MemoryUse, Processes, Snapshot};
use crate::scenario::Scenario;
use crate::series::{EventsSecond, Second, Size, median_and_p99};
use crate::statements::{self, Statement};
use crate::{Failure, outcome, report};

mod account;
mod growth;
use account::Measured;

/// After this long, what is still open is lost or stuck, and the run has failed.
const DRAIN_MAX: Duration = Duration::from_mins(5);
const DRAIN_POLL: Duration = Duration::from_millis(50);

/// What came of a run.
pub(crate) struct Run {
    pub(crate) scenario: &'static str,
    /// From 1.
    pub(crate) repetition: u32,
    pub(crate) figures: Figures,
    pub(crate) seconds: Vec<Second>,
    /// How its transfers ended.
    pub(crate) statuses: BTreeMap<String, i64>,
    /// Answers to transfers, by HTTP status.
    pub(crate) answers: BTreeMap<u16, u64>,
    pub(crate) statements: Vec<Statement>,
    /// Why its figures must not be believed; empty when they may.
    pub(crate) problems: Vec<String>,
}

/// Runs a scenario once.
pub(crate) async fn run(
    database: &Database,
    options: &Options,
    scenario: &Scenario,
    repetition: u32,
) -> Result<Run, Failure> {
    report::headline(scenario, repetition, options);
    // Before the baselines: they must not share the machine with the vacuum of the run before.
    let url = database.fresh(HOLDFAST).await?;
    let baseline = match options.baseline_seconds {
        Some(seconds) => {
            baseline::run(database, scenario, seconds, &options.baseline_clients).await?
        }
        None => None,
    };
    prepare(&url, options, scenario).await?;
    let mut running = Bench::start(database, options, scenario, &url).await?;
    let loaded = running.load().await?;
    let mut run = running.finish(loaded, baseline).await?;
    run.repetition = repetition;
    Ok(run)
}

/// Migrates a database, and makes wallets and what was before them.
pub(crate) async fn prepare(
    url: &str,
    options: &Options,
    scenario: &Scenario,
) -> Result<(), Failure> {
    let began = Instant::now();
    migration::up(url).await?;
    let filling = Filling::new(scenario.wallets, options.prefill);
    filling.write(url).await?;
    let (wallets, prefill) = (scenario.wallets, filling.prefill());
    let seconds = began.elapsed().as_secs_f64();
    println!("  {wallets} wallets and {prefill} settled transfers were made in {seconds:.1} s");
    Ok(())
}

/// A run under way.
struct Bench<'a> {
    options: &'a Options,
    scenario: &'a Scenario,
    processes: Processes,
    addrs: Vec<Addrs>,
    connection: PgConnection,
    pool: Pool,
    memory: MemoryUse,
    memory_at_start: MemoryUse,
    seconds: Vec<Second>,
}

/// What the load left behind.
struct Loaded {
    tally: Tally,
    began: DateTime<Utc>,
    from: Snapshot,
    until: Snapshot,
    statements: Vec<Statement>,
}

impl<'a> Bench<'a> {
    async fn start(
        database: &Database,
        options: &'a Options,
        scenario: &'a Scenario,
        url: &str,
    ) -> Result<Self, Failure> {
        let (processes, addrs) = Processes::start(database, options, scenario, url).await?;
        let memory = processes.memory(&MemoryUse::default());
        Ok(Self {
            options,
            scenario,
            processes,
            addrs,
            connection: PgConnection::connect(url).await?,
            pool: pool::open(url, Purpose::Maintenance, 1)?,
            memory,
            memory_at_start: memory,
            seconds: Vec::new(),
        })
    }

    /// Warm-up and measurement.
    async fn load(&mut self) -> Result<Loaded, Failure> {
        let (scenario, options) = (self.scenario, self.options);
        let began = Utc::now();
        let mut tick = Instant::now();
        let load = Load::start(Plan {
            addrs: self.addrs.iter().map(|addrs| addrs.public).collect(),
            mix: Mix {
                wallets: scenario.wallets,
                hot_percent: scenario.hot_percent,
                poor_percent: scenario.poor_percent,
            },
            rate: scenario.rate,
            connections: options.connections,
            reads_per_second: scenario.reads_per_second,
            probes_per_second: options.probes,
        });
        for _ in 0..options.warmup {
            self.second(&load, &mut tick, false).await?;
        }
        if options.statements {
            statements::begin(&mut self.connection).await?;
        }
        load.tally(|tally| tally.measuring = true);
        let from = self.processes.snapshot(&mut self.connection).await?;
        for _ in 0..scenario.seconds {
            self.second(&load, &mut tick, true).await?;
        }
        let until = self.processes.snapshot(&mut self.connection).await?;
        load.tally(|tally| tally.measuring = false);
        let statements = if options.statements {
            statements::top(&mut self.connection).await?
        } else {
            Vec::new()
        };
        let tally = load.stop().await;
        Ok(Loaded { tally, began, from, until, statements })
    }

    /// Waits for the next full second and notes what happened in the last one.
    async fn second(
        &mut self,
        load: &Load,
        tick: &mut Instant,
        measured: bool,
    ) -> Result<(), Failure> {
        *tick += Duration::from_secs(1);
        sleep_until(*tick).await;
        let answers = load.tally(|tally| std::mem::take(&mut tally.transfers.second));
        let open = outcome::open_count(&mut self.connection).await?;
        let ended = load.tally(|tally| tally.accepted()) as i64 - open;
        let second = Second {
            number: self.seconds.len() as u64 + 1,
            measured,
            accepted: answers.count(),
            answer_ms: median_and_p99(&answers),
            open,
            events: self.events(ended).await?,
            size: self.size().await?,
            ..Second::default()
        };
        let unavailable = load.tally(|tally| tally.transfers.count(503));
        report::second(&second, self.seconds.last(), unavailable);
        self.seconds.push(second);
        self.processes.check()
    }

    /// What everything has grown to.
    async fn size(&mut self) -> Result<Size, Failure> {
        self.memory = self.processes.memory(&self.memory);
        let MemoryUse { postgres, api, jobs, .. } = &self.memory;
        Ok(Size {
            postgres_mb: postgres.now,
            api_mb: api.now,
            jobs_mb: jobs.now,
            dead_rows: outcome::dead_rows(&mut self.connection).await?,
        })
    }

    /// How far the events are, when so many transfers are at their end.
    async fn events(&mut self, ended: i64) -> Result<Option<EventsSecond>, Failure> {
        if !self.scenario.events {
            return Ok(None);
        }
        let mut events = outcome::events(&self.pool, &mut self.connection).await?;
        events.behind = (ended - events.audited).max(0);
        events.uncounted = (ended - outcome::metrics_count(&mut self.connection).await?).max(0);
        Ok(Some(events))
    }

    /// Waits until all is at its end, ends the processes, and proves the ledger.
    async fn finish(mut self, loaded: Loaded, baseline: Option<Baseline>) -> Result<Run, Failure> {
        let mut problems = Vec::new();
        let drain = self.drain(loaded.until.at, &mut problems).await?;
        let audited = self.drain_events(&loaded, &mut problems).await?;
        self.memory = self.processes.memory(&self.memory);
        let complaints = self.processes.complaint_count();
        self.processes.stop().await?;

        let Loaded { tally, began, from, until, statements } = loaded;
        let settled = outcome::settled(&mut self.connection, began, from.wall, until.wall).await?;
        outcome::fill_in(&mut self.connection, began, &mut self.seconds).await?;
        let statuses = outcome::statuses(&mut self.connection, began).await?;
        problems.extend(account::mismatches(&tally, &statuses));

        let checking = Instant::now();
        let ledger = ledger::check(&self.pool, Mode::Full).await?;
        let ledger_seconds = checking.elapsed().as_secs_f64();
        problems.extend(ledger.violations.iter().map(|one| {
            format!("the ledger: {} is broken by {}: {}", one.rule, one.id, one.detail)
        }));
        let measured = Measured {
            settled,
            from,
            until,
            tally: &tally,
            statuses: &statuses,
            seconds: &self.seconds,
            memory_at_start: self.memory_at_start,
            memory: self.memory,
            drain,
            audited,
            complaints,
            ledger_seconds,
            database_mb: outcome::size_mb(&mut self.connection).await?,
            baseline,
        };
        let figures = measured.figures();
        self.connection.close().await?;
        self.pool.close().await;
        let answers = tally.transfers.statuses;
        Ok(Run {
            scenario: self.scenario.name,
            repetition: 1,
            figures,
            seconds: self.seconds,
            statuses,
            answers,
            statements,
            problems,
        })
    }

    /// Waits for the last transfer. Returns the seconds that it took since `began`.
    async fn drain(&mut self, began: Instant, problems: &mut Vec<String>) -> Result<f64, Failure> {
        loop {
            let open = outcome::open_count(&mut self.connection).await?;
            if open == 0 {
                return Ok(began.elapsed().as_secs_f64());
            }
            if began.elapsed() > DRAIN_MAX {
                problems.push(format!("{open} transfers are not at their end"));
                return Ok(began.elapsed().as_secs_f64());
            }
            self.processes.check()?;
            sleep(DRAIN_POLL).await;
        }
    }

    /// Waits for the last event at both consumers. Returns the seconds that it took since the end of the measurement;
    /// none without relay.
    async fn drain_events(
        &mut self,
        loaded: &Loaded,
        problems: &mut Vec<String>,
    ) -> Result<Option<f64>, Failure> {
        if !self.scenario.events {
            return Ok(None);
        }
        let began = loaded.until.at;
        // One for each transfer. What was funded and loaded before was never in the outbox.
        let expected: i64 =
            outcome::statuses(&mut self.connection, loaded.began).await?.values().sum();
        loop {
            let events = outcome::events(&self.pool, &mut self.connection).await?;
            let counted = outcome::metrics_count(&mut self.connection).await?;
            // The opening of one wallet is an event for the audit alone.
            if events.outbox == 0 && counted == expected && events.audited > expected {
                return Ok(Some(began.elapsed().as_secs_f64()));
            }
            if began.elapsed() > DRAIN_MAX {
                let audited = events.audited;
                problems.push(format!(
                    "of {expected} events the audit has {audited} and the figures {counted}"
                ));
                return Ok(Some(began.elapsed().as_secs_f64()));
            }
            self.processes.check()?;
            sleep(DRAIN_POLL).await;
        }
    }
}

#[cfg(test)]
impl Run {
    /// A run that measured nothing.
    pub(crate) fn empty(scenario: &'static str) -> Self {
        Self {
            scenario,
            repetition: 1,
            figures: Figures::default(),
            seconds: Vec::new(),
            statuses: BTreeMap::new(),
            answers: BTreeMap::new(),
            statements: Vec::new(),
            problems: Vec::new(),
        }
    }
}
