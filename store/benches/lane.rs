//! Cost of intake and of the lane alone: `cargo bench -p store --bench lane`.
//!
//! A private PostgreSQL with fsync on, 10,000 wallets, one connection. Each row
//! first accepts its transfers in batches of N, then advances them in groups of N.
//! "PG us" is user and system time of the whole server, per transfer.

use std::fs;
use std::time::Instant;

use domain::group::{Boundaries, NoFaults};
use domain::idempotency::IdempotencyKey;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency};
use domain::retry::RetrySchedule;
use domain::transfer::TransferKind;
use embedded::postgres::{Durability, Options, Server};
use sqlx::PgPool;
use store::intake::{NewTransfer, write_batch};
use store::lane::{self, LaneRules, NoProbe};
use store::ledger::{self, Mode};
use store::pool::{self, Purpose};
use store::switches::Switches;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error>;

const WALLET_COUNT: u32 = 10_000;
/// Clock ticks per second in /proc; 100 on every Linux that Rust supports.
const TICKS_PER_S: f64 = 100.0;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let directory = std::env::temp_dir().join(format!("holdfast-lane-{}", std::process::id()));
    let mut options = Options::new(&directory);
    options.durability = Durability::Durable;
    for (name, value) in [("shared_buffers", "2GB"), ("max_wal_size", "16GB")] {
        options.settings.push((name.to_owned(), value.to_owned()));
    }
    let server = Server::start(options).await?;
    let outcome = run(&server).await;
    server.stop().await?;
    fs::remove_dir_all(server.data_dir()).ok();
    outcome
}

async fn run(server: &Server) -> Result<(), Failure> {
    server.create_database("lane").await?;
    let url = server.url("lane");
    migration::up(&url).await?;
    let pool = pool::open(&url, Purpose::Hot, 1)?;
    let rules = LaneRules {
        patience: domain::group::Patience::default(),
        schedule: RetrySchedule::default(),
        boundaries: Boundaries::Fused,
        shard: 0,
        faults: Box::new(NoFaults),
        probe: Box::new(NoProbe),
        switches: Switches::default(),
    };
    let wallets = open_wallets(&pool).await?;
    let deposits: Vec<NewTransfer> = wallets
        .iter()
        .map(|&to| command(TransferKind::Deposit, None, to, 1_000_000_000))
        .collect::<Result<_, _>>()?;
    accept(&pool, &deposits, 256).await?;
    advance(&pool, &rules, &deposits, 256).await?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(&pool).await?;

    println!("shape    N    accept/s  PG us   lane/s  PG us   PG us total  client us total");
    for (shape, hot) in [("uniform", false), ("hot", true)] {
        for (group, count) in [(1, 4_000), (16, 30_000), (64, 60_000), (256, 60_000)] {
            let transfers = transfers(&wallets, count, hot)?;
            let client = cpu_of(std::process::id());
            let accepted = measure(server, || accept(&pool, &transfers, group)).await?;
            let advanced = measure(server, || advance(&pool, &rules, &transfers, group)).await?;
            let client = cpu_of(std::process::id()) - client;
            let each = |seconds: f64| seconds * 1e6 / f64::from(count);
            println!(
                "{shape:8} {group:<4} {:>8.0} {:>6.1} {:>8.0} {:>6.1} {:>12.1} {:>16.1}",
                f64::from(count) / accepted.wall_s,
                each(accepted.server_cpu_s),
                f64::from(count) / advanced.wall_s,
                each(advanced.server_cpu_s),
                each(accepted.server_cpu_s + advanced.server_cpu_s),
                each(client),
            );
        }
    }
    let report = ledger::check(&pool::open(&url, Purpose::Maintenance, 1)?, Mode::Full).await?;
    println!("ledger check: {}", if report.ok { "clean" } else { "BROKEN" });
    for violation in report.violations {
        println!("  {}: {} {}", violation.rule, violation.id, violation.detail);
    }
    Ok(())
}

struct Cost {
    wall_s: f64,
    server_cpu_s: f64,
}

async fn measure<F: Future<Output = Result<(), Failure>>>(
    server: &Server,
    work: impl FnOnce() -> F,
) -> Result<Cost, Failure> {
    let postmaster = server.postmaster_pid().ok_or("the server is gone")?;
    let (clock, cpu) = (Instant::now(), tree_cpu(postmaster));
    work().await?;
    let server_cpu_s = tree_cpu(postmaster) - cpu;
    Ok(Cost { wall_s: clock.elapsed().as_secs_f64(), server_cpu_s })
}

async fn accept(pool: &PgPool, transfers: &[NewTransfer], size: usize) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?;
    for batch in transfers.chunks(size) {
        write_batch(&mut connection, batch).await?;
    }
    Ok(())
}

async fn advance(
    pool: &PgPool,
    rules: &LaneRules,
    transfers: &[NewTransfer],
    size: usize,
) -> Result<(), Failure> {
    let mut connection = pool.acquire().await?;
    for group in transfers.chunks(size) {
        let ids: Vec<TransferId> = group.iter().map(|one| one.id).collect();
        let report = lane::advance(&mut connection, rules, &ids, false).await?;
        assert_eq!(report.statuses.len(), ids.len(), "every transfer is advanced");
    }
    Ok(())
}

/// Wallets and the shards of the cash wallet, written directly: opening is not what is measured.
async fn open_wallets(pool: &PgPool) -> Result<Vec<WalletId>, Failure> {
    let ids: Vec<Uuid> = (0..WALLET_COUNT).map(|_| Uuid::now_v7()).collect();
    let cash = domain::wallet::system_wallet_id(domain::wallet::SystemRole::Cash, eur()?, 0);
    sqlx::query("INSERT INTO wallet_balance (wallet_id, currency, normal_side, floor_minor) SELECT unnest($1::uuid[]), 'EUR', 'credit', 0 UNION ALL SELECT $2, 'EUR', 'debit', -9223372036854775808")
        .bind(&ids)
        .bind(cash.0)
        .execute(pool)
        .await?;
    Ok(ids.into_iter().map(WalletId).collect())
}

fn transfers(wallets: &[WalletId], count: u32, hot: bool) -> Result<Vec<NewTransfer>, Failure> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count)
        .map(|index| {
            let from = if hot && index % 2 == 0 { wallets[0] } else { dice.pick(wallets) };
            let to = loop {
                let to = dice.pick(wallets);
                if to != from {
                    break to;
                }
            };
            command(TransferKind::Transfer, Some(from), to, 1)
        })
        .collect()
}

fn command(
    kind: TransferKind,
    source: Option<WalletId>,
    destination: WalletId,
    amount: i64,
) -> Result<NewTransfer, Failure> {
    let id = TransferId(Uuid::now_v7());
    Ok(NewTransfer {
        id,
        kind,
        caller: "bench".to_owned(),
        key: IdempotencyKey::new(&id.to_string())?,
        source,
        destination,
        amount: Amount::new(amount)?,
        currency: eur()?,
        reference: None,
        metadata: None,
        correlation_id: Some(id.to_string()),
        traceparent: None,
        terms: None,
        terms_asked: String::new(),
    })
}

fn eur() -> Result<Currency, Failure> {
    Ok("EUR".parse()?)
}

/// xorshift64 (Marsaglia 2003): the same transfers in every run.
struct Dice(u64);

impl Dice {
    fn pick(&mut self, wallets: &[WalletId]) -> WalletId {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        wallets[usize::try_from(self.0 % wallets.len() as u64).unwrap_or(0)]
    }
}

/// CPU time of a process in seconds, its ended children included.
fn cpu_of(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Fields behind the command's name, which may hold spaces: utime is the 12th of them.
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = (11..=14)
        .filter_map(|index| fields.get(index).and_then(|field| field.parse::<f64>().ok()))
        .sum();
    ticks / TICKS_PER_S
}

/// CPU time of a process and all its children in seconds.
fn tree_cpu(root: u32) -> f64 {
    let children = fs::read_to_string(format!("/proc/{root}/task/{root}/children"));
    let children = children.unwrap_or_default();
    let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.map(cpu_of).sum::<f64>() + cpu_of(root)
}
