//! What Holdfast is compared with: the same movement of money in hand-written SQL, driven by pgbench on the same
//! server, over as many wallets, without HTTP, idempotent answers, saga or journal.

use std::path::Path;
use std::process::Stdio;

use sqlx::{Connection, PgConnection};
use tokio::process::Command;
use tokio::time::Instant;

use crate::database::{BASELINE, Database, execute, settle_down};
use crate::scenario::Scenario;
use crate::{Failure, cpu};

/// What one kind of hand-written SQL reached at its best number of clients.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Best {
    /// Transfers per second.
    pub(crate) per_second: f64,
    /// Clients at which it was reached.
    pub(crate) clients: u32,
    /// Mean latency in milliseconds.
    pub(crate) latency_ms: f64,
    /// CPU of PostgreSQL for each transfer, in microseconds.
    pub(crate) postgres_us: f64,
    /// Cores that others used meanwhile.
    pub(crate) cores_others: f64,
    /// CPU of pgbench for each transfer, in microseconds.
    pub(crate) client_us: f64,
}

/// Both kinds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Baseline {
    /// One transaction of eight statements.
    pub(crate) naive: Best,
    /// One call of a plpgsql function.
    pub(crate) one_call: Best,
}

/// Runs both kinds for `seconds` at each number of clients. None when the server came without pgbench.
pub(crate) async fn run(
    database: &Database,
    scenario: &Scenario,
    seconds: u64,
    clients: &[u32],
) -> Result<Option<Baseline>, Failure> {
    let Some(pgbench) = database.program("pgbench") else {
        println!("no pgbench beside the server's binaries: the baselines are left out");
        return Ok(None);
    };
    let url = database.fresh(BASELINE).await?;
    let mut connection = PgConnection::connect(&url).await?;
    execute(&mut connection, include_str!("baseline/schema.sql")).await?;
    let fill =
        "INSERT INTO wallet SELECT number, 1000000000000 FROM generate_series(1, $1) AS number";
    sqlx::query(fill).bind(scenario.wallets as i64).execute(&mut connection).await?;
    settle_down(&mut connection).await?;
    let mut baseline = Baseline::default();
    let kinds = [
        ("naive", include_str!("baseline/naive.sql"), &mut baseline.naive),
        ("one-call", include_str!("baseline/one_call.sql"), &mut baseline.one_call),
    ];
    for (name, statements, best) in kinds {
        let script = database.folder.join(name);
        std::fs::write(&script, format!("{}{statements}", include_str!("baseline/ends.sql")))?;
        for count in clients {
            let one = Bench { pgbench: &pgbench, url: &url, script: &script, scenario, seconds };
            let reached = one.run(database.pid(), *count).await?;
            println!("  {name:<8} {count:>3} clients {:>9.0} transfers/s", reached.per_second);
            if reached.per_second > best.per_second {
                *best = reached;
            }
        }
    }
    connection.close().await?;
    database.server.drop_database(BASELINE).await?;
    Ok(Some(baseline))
}

/// One run of pgbench.
struct Bench<'a> {
    pgbench: &'a Path,
    url: &'a str,
    script: &'a Path,
    scenario: &'a Scenario,
    seconds: u64,
}

impl Bench<'_> {
    async fn run(&self, postgres: u32, clients: u32) -> Result<Best, Failure> {
        let own = std::process::id();
        let look = || (cpu::of_tree(postgres), cpu::of_ended_children(own), cpu::of_machine().busy);
        let (began, before) = (Instant::now(), look());
        let output = Command::new(self.pgbench)
            .args(["--no-vacuum", "--protocol=prepared"])
            .arg(format!("--client={clients}"))
            .arg(format!("--jobs={}", threads(clients)))
            .arg(format!("--time={}", self.seconds))
            .arg(format!("--define=wallets={}", self.scenario.wallets))
            .arg(format!("--define=hot={}", self.scenario.hot_percent))
            .arg(format!("--file={}", self.script.display()))
            .arg(self.url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        if !output.status.success() {
            return Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let (elapsed, after) = (began.elapsed().as_secs_f64(), look());
        let understood = parse(&text).ok_or_else(|| format!("pgbench said:\n{text}"))?;
        let (count, per_second, latency_ms) = understood;
        let postgres = after.0.saturating_sub(before.0);
        let client = after.1.saturating_sub(before.1);
        let others = after.2.saturating_sub(before.2).saturating_sub(postgres + client);
        let each = |micros: u64| micros as f64 / count.max(1.0);
        Ok(Best {
            per_second,
            clients,
            latency_ms,
            postgres_us: each(postgres),
            client_us: each(client),
            cores_others: others as f64 / 1e6 / elapsed,
        })
    }
}

/// One thread for each core, as its manual advises.
fn threads(clients: u32) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    cores.min(clients)
}

/// Transactions, their rate and their mean latency in ms, from what pgbench prints.
fn parse(text: &str) -> Option<(f64, f64, f64)> {
    let number = |start: &str| -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(start))?;
        line.split([' ', '/']).find(|word| !word.is_empty())?.parse().ok()
    };
    Some((
        number("number of transactions actually processed:")?,
        number("tps =")?,
        number("latency average =")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_prints_is_understood() {
        let text = "transaction type: /tmp/naive\nnumber of transactions actually processed: 11538\n\
                    number of failed transactions: 0 (0.000%)\nlatency average = 1.386 ms\n\
                    initial connection time = 11.027 ms\n\
                    tps = 5769.128 (without initial connection time)\n";
        assert_eq!(parse(text), Some((11_538.0, 5_769.128, 1.386)));
        assert_eq!(parse("pgbench: error"), None);
    }
}
