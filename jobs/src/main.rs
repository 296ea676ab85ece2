//! `holdfast-jobs`: the workers, and what is run by hand beside them; see [`USAGE`].

use std::process::ExitCode;

use jobs::{database_token, replay};
use store::archive::{self, Outcome, Request, Summary};
use store::ledger::{self, LedgerReport, Mode, Violation};
use store::pool::{self, Database, Purpose};
use store::{audit, operator_audit, operators};
use telemetry::logs::Output;

const USAGE: &str = "\
usage: holdfast-jobs [run [--roles sagas,relay,audit,metrics,desk,calls]]
       holdfast-jobs replay --queue NAME|URL --from RFC3339 --to RFC3339 [--type TYPE]
       holdfast-jobs ledger-check [--quick|--archive]
       holdfast-jobs archive --before YYYY-MM-DD [--keep-days N] [--dry-run]
       holdfast-jobs audit-verify
       holdfast-jobs database-token
       holdfast-jobs operator-add NAME viewer|operator|approver";

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("holdfast-jobs: {}", store::describe(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<ExitCode, Failure> {
    if std::env::args().skip(1).eq(["database-token"]) {
        // Before the configuration is read, which may run this very command.
        println!("{}", database_token::make(|name| std::env::var(name).ok()).await?);
        return Ok(ExitCode::SUCCESS);
    }
    let config = jobs::Config::from_env()?;
    telemetry::start(&config.telemetry, "holdfast-jobs", Output::Stderr)?;
    let ended = command(config).await;
    telemetry::traces::finish().await;
    ended
}

async fn command(mut config: jobs::Config) -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] | ["run"] => {
            jobs::run(config, jobs::Hooks::default(), stop_signal()?).await?;
            Ok(ExitCode::SUCCESS)
        }
        ["run", "--roles", roles] => {
            let roles = jobs::Role::parse_list(roles);
            config.roles = Some(roles.map_err(|problem| format!("--roles {problem}"))?);
            jobs::run(config, jobs::Hooks::default(), stop_signal()?).await?;
            Ok(ExitCode::SUCCESS)
        }
        ["replay", options @ ..] => replay(&config, options).await,
        ["ledger-check"] => ledger_check(&config.database, Mode::Full).await,
        ["ledger-check", "--quick"] => ledger_check(&config.database, Mode::Quick).await,
        ["ledger-check", "--archive"] => ledger_check(&config.database, Mode::Archive).await,
        ["archive", options @ ..] => archive(&config.database, options).await,
        ["audit-verify"] => audit_verify(&config.database).await,
        ["operator-add", name, role] => operator_add(&config.database, name, role).await,
        _ => Err(USAGE.into()),
    }
}

async fn replay(config: &jobs::Config, options: &[&str]) -> Result<ExitCode, Failure> {
    let request =
        replay::Request::parse(options).map_err(|problem| format!("{problem}\n{USAGE}"))?;
    let progress = |count| eprintln!("{count} events sent");
    let count = replay::replay(config, &request, progress).await?;
    println!("{count} events of the log were sent to {}", request.queue);
    Ok(ExitCode::SUCCESS)
}

/// Ends with exit code 0 when the ledger is clean, 2 when it is not.
async fn ledger_check(database: &Database, mode: Mode) -> Result<ExitCode, Failure> {
    let pool = pool::open_for_reading(database, Purpose::Maintenance, 1)?;
    let report = ledger::check(&pool, mode).await?;
    print(&report);
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Ends with exit code 0 when the weeks are archived or there are none, 2 when they do not prove.
async fn archive(database: &Database, options: &[&str]) -> Result<ExitCode, Failure> {
    let request = jobs::archive::parse(options).map_err(|problem| format!("{problem}\n{USAGE}"))?;
    let pool = pool::open(database, Purpose::Maintenance, 1)?;
    let outcome = archive::run(&pool, &request, |what| eprintln!("{what}")).await?;
    let day = request.before.date_naive();
    match outcome {
        Outcome::Nothing => println!("no whole week before {day} is live"),
        Outcome::Done(summary) => print_archived(&summary, &request),
        Outcome::Broken(violations) => {
            println!("BROKEN the weeks before {day} do not prove; none was moved");
            for Violation { rule, id, detail } in violations {
                println!("BROKEN {rule}\n         {id}: {detail}");
            }
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_archived(summary: &Summary, request: &Request) {
    let day = request.before.date_naive();
    println!(
        "{} before {day}: {} transfers, {} entries, {} postings in {} partitions",
        if request.dry_run { "would archive" } else { "archived" },
        summary.transfer_count,
        summary.entry_count,
        summary.posting_count,
        summary.partition_count
    );
    for (currency, total) in &summary.totals {
        println!("{currency}: debits {} = credits {} (minor units)", total.debits, total.credits);
    }
    if request.dry_run {
        println!("proven, and nothing was changed");
        return;
    }
    println!("the live tables were locked for {} ms", summary.held.as_millis());
    let hash = summary.hash.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    println!("checkpoint {} of {} wallets, with hash {hash}", summary.seq, summary.line_count);
}

/// Prints a new token, once. A token that the operator had is good no more.
async fn operator_add(database: &Database, name: &str, role: &str) -> Result<ExitCode, Failure> {
    let role = role.parse().map_err(|_| format!("no such role: {role}\n{USAGE}"))?;
    if name.is_empty() || name.chars().count() > operators::NAME_CHARS_MAX {
        let most = operators::NAME_CHARS_MAX;
        return Err(format!("the name must have 1 to {most} characters").into());
    }
    let pool = pool::open(database, Purpose::Maintenance, 1)?;
    println!("{}", operators::issue(&pool, name, role).await?);
    Ok(ExitCode::SUCCESS)
}

/// Ends with exit code 0 when both audit chains hold, 2 when one is broken.
async fn audit_verify(database: &Database) -> Result<ExitCode, Failure> {
    let pool = pool::open_for_reading(database, Purpose::Maintenance, 1)?;
    let audit::Verified { rows, hash, first_broken } = audit::verify(&pool).await?;
    println!("ok     event_audit: {rows} rows hold, the last with hash {hash}");
    let events_hold = first_broken.is_none();
    if let Some(broken) = first_broken {
        let event = broken.event_id.map(|id| format!(" (event {id})")).unwrap_or_default();
        println!("BROKEN event_audit: row {}{event}: {}", broken.seq, broken.breach);
    }
    let operator_audit::Verified { rows, broken } = operator_audit::verify(&pool).await?;
    println!("ok     operator_audit: {rows} rows hold");
    if let Some((seq, what)) = &broken {
        println!("BROKEN operator_audit: row {seq} {what}");
    }
    let hold = events_hold && broken.is_none();
    Ok(if hold { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn print(report: &LedgerReport) {
    for total in &report.totals {
        println!(
            "{}: {} wallets, debits {} = credits {}, held {} (minor units)",
            total.currency,
            total.wallet_count,
            total.debits_posted,
            total.credits_posted,
            total.held
        );
    }
    for rule in &report.rules {
        let broken = report.violations.iter().filter(|violation| violation.rule == *rule);
        let count = broken.clone().count();
        println!("{} {rule}", if count == 0 { "ok    " } else { "BROKEN" });
        broken.for_each(|violation| println!("         {}: {}", violation.id, violation.detail));
    }
}

/// Completes on SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()> + Send, std::io::Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
