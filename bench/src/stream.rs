//! `holdfast-bench stream`: a file of many lines through `POST /v1/transfers/stream`.
//!
//! One connection sends commands as fast as they are taken, and reads their answers. What is shown: answers per second,
//! the memory of the API over time, and that every line has its answer, in order, and its transfer.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use chrono::Utc;
use sqlx::{Connection, PgConnection};
use store::ledger::{self, Mode};
use store::pool::{self, Purpose};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, sleep_until};

use crate::args::StreamOptions;
use crate::children::Running;
use crate::database::{Database, HOLDFAST};
use crate::fund::Filling;
use crate::machine::Machine;
use crate::measure::Addrs;
use crate::parts::Part;
use crate::table::grouped;
use crate::{Failure, cpu, outcome};

mod client;
use client::Seen;

/// After this long, what is still open is lost or stuck.
const DRAIN_MAX: Duration = Duration::from_mins(10);

/// Measures once. Returns whether every line has its answer and its transfer, and the ledger is clean.
pub(crate) async fn run(options: &StreamOptions) -> Result<bool, Failure> {
    Database::lend(&options.common, async |database| measure(database, options).await).await
}

async fn measure(database: &Database, options: &StreamOptions) -> Result<bool, Failure> {
    println!("{}", Machine::look(&database.folder).describe());
    let url = database.fresh(HOLDFAST).await?;
    migration::up(&url).await?;
    Filling::new(options.wallets, 0).write(&url).await?;
    let variable = |name, value: &str| (name, value.to_owned());
    let common = [variable("DATABASE_URL", &url), variable("HOLDFAST_LOG", &options.common.log)];
    let (jobs, _) = Running::start(Part::Jobs, 1, &common, &database.folder).await?;
    let mut for_api = common.to_vec();
    for_api.push(variable("HOLDFAST_API_ADDR", "127.0.0.1:0"));
    for_api.push(variable("HOLDFAST_ADMIN_ADDR", "127.0.0.1:0"));
    // One request: who sends it does not count.
    for_api.push(variable("HOLDFAST_AUTH", "off"));
    let (api, addr) = Running::start(Part::Api, 1, &for_api, &database.folder).await?;
    let mut connection = PgConnection::connect(&url).await?;

    let began = Utc::now();
    let sent = send(&mut connection, Addrs::read(&addr)?.public, api.pid, options).await?;
    let mut problems = sent.problems(options.lines);
    let drained = drain(&mut connection, &mut problems).await?;
    println!("  all at their end {:.1} s after the last answer", drained.as_secs_f64());
    let statuses = outcome::statuses(&mut connection, began).await?;
    if statuses.get("settled").copied() != i64::try_from(options.lines).ok() {
        problems.push(format!("not every transfer is settled: {statuses:?}"));
    }
    api.stop().await?;
    jobs.stop().await?;
    let pool = pool::open(&url, Purpose::Maintenance, 1)?;
    let ledger = ledger::check(&pool, Mode::Full).await?;
    problems.extend(ledger.violations.iter().map(|one| format!("the ledger: {}", one.rule)));
    pool.close().await;
    connection.close().await?;

    if problems.is_empty() {
        println!("stream: every line has its answer, in order; full check of the ledger is clean");
    }
    for problem in &problems {
        println!("stream: NOT CLEAN: {problem}");
    }
    Ok(problems.is_empty())
}

/// What has come of the lines.
struct Sent {
    seen: Seen,
    /// Why writing or reading ended too soon.
    trouble: Option<String>,
}

impl Sent {
    fn problems(&self, lines: u64) -> Vec<String> {
        let Seen { answered, accepted, disorder, end, .. } = &self.seen;
        let mut problems: Vec<String> = self.trouble.iter().cloned().collect();
        if *answered != lines || *accepted != lines {
            problems
                .push(format!("of {lines} lines {answered} were answered, {accepted} accepted"));
        }
        problems
            .extend(disorder.iter().map(|what| format!("the answers are not in order: {what}")));
        if end.as_deref() != Some("complete") {
            problems.push(format!("the stream ended as {end:?}"));
        }
        problems
    }
}

/// Sends all lines and reads all answers, and says every second how it goes.
async fn send(
    connection: &mut PgConnection,
    addr: SocketAddr,
    api: u32,
    options: &StreamOptions,
) -> Result<Sent, Failure> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let (input, output) = stream.into_split();
    let seen = Rc::new(RefCell::new(Seen::default()));
    let writer = spawn_local(client::write(output, options.lines, options.wallets));
    let reader = spawn_local(client::read(input, Rc::clone(&seen)));
    let (start, began) = (cpu::memory(api).now, Instant::now());
    let (mut tick, mut before, mut memory) = (began, 0, Vec::new());
    println!("  {} lines; the API has {start:.0} MB", grouped(options.lines as f64, 0));
    while !reader.is_finished() {
        tick += Duration::from_secs(1);
        sleep_until(tick).await;
        let answered = seen.borrow().answered;
        let open = outcome::open_count(connection).await?;
        memory.push(cpu::memory(api).now);
        println!(
            "{:>5} s  answered {:>8}/s  of {:>10}  open {:>7}  API {:>6.1} MB",
            memory.len(),
            grouped((answered - before) as f64, 0),
            grouped(answered as f64, 0),
            grouped(open as f64, 0),
            memory.last().copied().unwrap_or_default(),
        );
        before = answered;
    }
    let trouble = trouble(reader).await.or(trouble(writer).await);
    let seen = seen.take();
    let took = seen.ended.map_or(began.elapsed(), |ended| ended - began);
    let rate = seen.answered as f64 / took.as_secs_f64();
    // Behind the first tenth the caches are full.
    let warm = memory.get(memory.len() / 10).copied().unwrap_or(start);
    let (last, peak) = (memory.last().copied().unwrap_or(start), cpu::memory(api).peak);
    println!(
        "  {} lines/s accepted; memory of the API: {start:.0} MB before, {warm:.0} MB after a tenth, {last:.0} MB at the end, \
         {peak:.0} MB at most",
        grouped(rate, 0)
    );
    Ok(Sent { seen, trouble })
}

async fn trouble<T>(task: JoinHandle<std::io::Result<T>>) -> Option<String> {
    match task.await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

/// Waits for the last transfer.
async fn drain(
    connection: &mut PgConnection,
    problems: &mut Vec<String>,
) -> Result<Duration, Failure> {
    let began = Instant::now();
    loop {
        let open = outcome::open_count(connection).await?;
        if open == 0 || began.elapsed() > DRAIN_MAX {
            if open > 0 {
                problems.push(format!("{open} transfers are not at their end"));
            }
            return Ok(began.elapsed());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
