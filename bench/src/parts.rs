//! The processes that are measured: this program again, calling the same `run` functions as production.
//!
//! A part ends when its standard input does. So it also ends when the bench is killed, and Ctrl-C, which reaches only
//! the bench, lets it finish first.

use std::fs::File;
use std::io::{Read, Write};

use domain::failure::{Failure as StepFailure, FailureClass};
use domain::group::{Fault, Faults, OpenTransfer};
use domain::saga::Step;
use embedded::sqs::Endpoint;
use jobs::Hooks;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::Failure;

/// Set for the workers: transfers, out of a hundred, that fail once.
pub(crate) const TRANSIENT_PERCENT: &str = "BENCH_TRANSIENT_PERCENT";

/// A process that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// `holdfast-api`; prints its public address and the operators'.
    Api,
    /// `holdfast-jobs`; prints a word.
    Jobs,
    /// An SQS endpoint; prints its URL.
    Sqs,
}

const NAMES: [(Part, &str); 3] =
    [(Part::Api, "part-api"), (Part::Jobs, "part-jobs"), (Part::Sqs, "part-sqs")];

impl Part {
    /// The one of that name on the command line.
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, of)| *of == name).map(|(part, _)| *part)
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(part, _)| *part == self).map_or("", |(_, name)| name)
    }
}

/// Is this part until its standard input ends.
pub(crate) fn run(part: Part) -> Result<bool, Failure> {
    // As `#[tokio::main]` of the production programs has it.
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let filter = EnvFilter::new(std::env::var("HOLDFAST_LOG").unwrap_or_default());
        // Lines are formatted as in production, but only those that tell of trouble are kept.
        let nowhere = File::options().write(true).open("/dev/null")?;
        let writer = std::io::stderr.with_max_level(tracing::Level::WARN).or_else(nowhere);
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).init();
        match part {
            Part::Api => {
                let server = api::Server::bind(&api::Config::from_env()?).await?;
                say(&format!("{} {}", server.public_addr(), server.admin_addr()))?;
                server.serve(ended()).await?;
            }
            Part::Jobs => {
                let mut config = jobs::Config::from_env()?;
                // The older ones of the prefilled weeks would be dropped during the measurement.
                (config.keeper.events_kept, config.keeper.steps_kept) = (None, None);
                say("started")?;
                jobs::run(config, hooks(), ended()).await?;
            }
            Part::Sqs => {
                let endpoint = Endpoint::start(None).await?;
                say(&endpoint.url())?;
                ended().await;
            }
        }
        Ok(true)
    })
}

fn say(line: &str) -> std::io::Result<()> {
    println!("{line}");
    std::io::stdout().flush()
}

/// Done when standard input ends. Read by a thread, because a runtime would wait for the read when it is dropped.
async fn ended() {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        // An error is an end, too.
        let _ = std::io::stdin().read_to_end(&mut rest);
        let _ = tell.send(());
    });
    let _ = told.await;
}

fn hooks() -> Hooks {
    let percent = std::env::var(TRANSIENT_PERCENT).ok().and_then(|text| text.parse().ok());
    match percent.unwrap_or(0) {
        0 => Hooks::default(),
        percent => Hooks { faults: Box::new(FailOnce { percent }), ..Hooks::default() },
    }
}

/// Fails the first screening of some transfers, as a provider does that is away for a moment.
struct FailOnce {
    percent: u128,
}

impl Faults for FailOnce {
    fn before(&self, transfer: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        // The last bits of a uuid v7 are random, so they choose evenly.
        let chosen = transfer.id.0.as_u128() % 100 < self.percent;
        (chosen && !undo && step == Step::Screen && transfer.attempt == 0).then(|| {
            Fault::Fail(StepFailure::new(
                FailureClass::Transient,
                "screening_unavailable",
                "The screening did not answer (made up by the bench).",
            ))
        })
    }
}
