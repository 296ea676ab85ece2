//! What everybody has used at one instant; two of them make a measurement.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use embedded::issuer::{AUDIENCE, Claims, Issuer};
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::args::Options;
use crate::children::Running;
use crate::cpu::{self, Memory};
use crate::database::Database;
use crate::parts::{Part, TRANSIENT_PERCENT};
use crate::scenario::Scenario;
use crate::{Failure, outcome};

/// What each may do: everything, with everybody's wallets.
const SCOPES: &str = "wallet:read wallet:write wallet:admin";

/// The processes of a run, beside this one.
pub(crate) struct Processes {
    /// Whom the API believes, and asks for its keys.
    issuer: Issuer,
    /// Process id of the server.
    pub(crate) postgres: u32,
    pub(crate) api: Vec<Running>,
    pub(crate) jobs: Vec<Running>,
    /// The SQS endpoint; none without relay.
    pub(crate) sqs: Option<Running>,
}

/// Where a process of the API listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addrs {
    /// For clients.
    pub(crate) public: SocketAddr,
    /// For operators.
    pub(crate) admin: SocketAddr,
}

impl Addrs {
    /// As the API says them: one, a space, the other.
    pub(crate) fn read(said: &str) -> Result<Self, Failure> {
        let (public, admin) = said.split_once(' ').ok_or("the API has one address")?;
        Ok(Self { public: public.parse()?, admin: admin.parse()? })
    }
}

/// CPU time in microseconds, by who used it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    pub(crate) postgres: u64,
    pub(crate) api: u64,
    pub(crate) jobs: u64,
    pub(crate) sqs: u64,
    pub(crate) bench: u64,
    /// The whole machine.
    pub(crate) machine: u64,
    /// Taken away by a host above this machine.
    pub(crate) stolen: u64,
}

/// One instant.
pub(crate) struct Snapshot {
    pub(crate) at: Instant,
    /// The same on the clock that the transfers carry: one machine, one clock.
    pub(crate) wall: DateTime<Utc>,
    pub(crate) used: Used,
    /// Where the log of the database stood, in bytes.
    pub(crate) log_position: f64,
}

/// Resident memory in MB, now and at its peak.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MemoryUse {
    pub(crate) postgres: Memory,
    pub(crate) api: Memory,
    pub(crate) jobs: Memory,
    pub(crate) bench: Memory,
}

impl Processes {
    /// Starts them on a database, and says where the API listens.
    pub(crate) async fn start(
        database: &Database,
        options: &Options,
        scenario: &Scenario,
        url: &str,
    ) -> Result<(Self, Vec<Addrs>), Failure> {
        let variable = |name, value: &str| (name, value.to_owned());
        let common = [variable("DATABASE_URL", url), variable("HOLDFAST_LOG", &options.log)];
        let folder = &database.folder;
        let transient = scenario.transient_percent.to_string();
        let mut for_jobs = common.to_vec();
        for_jobs.push((TRANSIENT_PERCENT, transient));
        let sqs = if scenario.events {
            let (sqs, sqs_url) = Running::start(Part::Sqs, 1, &common, folder).await?;
            for_jobs.push(("SQS_ENDPOINT_URL", sqs_url));
            for_jobs.push(variable("HOLDFAST_CREATE_QUEUES", "true"));
            if scenario.events_per_message > 1 {
                let most = scenario.events_per_message.to_string();
                for_jobs.push(("HOLDFAST_EVENTS_PER_MESSAGE", most));
            }
            Some(sqs)
        } else {
            None
        };
        let mut jobs = Vec::new();
        for number in 1..=options.processes {
            jobs.push(Running::start(Part::Jobs, number, &for_jobs, folder).await?.0);
        }
        let anywhere = "127.0.0.1:0";
        let mut for_api = common.to_vec();
        for_api.push(variable("HOLDFAST_API_ADDR", anywhere));
        for_api.push(variable("HOLDFAST_ADMIN_ADDR", anywhere));
        // All load comes from one client, so the limits are there, at their cost, but out of its reach.
        for limit in ["HOLDFAST_RATE_KEY", "HOLDFAST_RATE_OWNER", "HOLDFAST_RATE_ADDRESS"] {
            for_api.push(variable(limit, "1000000"));
        }
        let issuer = Issuer::start(None).await?;
        for_api.push(("HOLDFAST_AUTH_ISSUER", issuer.url()));
        for_api.push(variable("HOLDFAST_AUTH_AUDIENCE", AUDIENCE));
        let (mut api, mut addrs) = (Vec::new(), Vec::new());
        for number in 1..=options.processes {
            let (process, addr) = Running::start(Part::Api, number, &for_api, folder).await?;
            api.push(process);
            addrs.push(Addrs::read(&addr)?);
        }
        Ok((Self { issuer, postgres: database.pid(), api, jobs, sqs }, addrs))
    }

    /// What the caller of this number sends.
    pub(crate) fn token(&self, caller: usize) -> String {
        self.issuer.token(&Claims::of(format!("bench-{caller}")).scope(SCOPES))
    }

    /// Looks at the clocks of everybody.
    pub(crate) async fn snapshot(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Snapshot, Failure> {
        let log_position = outcome::log_position(connection).await?;
        let machine = cpu::of_machine();
        let used = Used {
            postgres: cpu::of_tree(self.postgres),
            api: self.api.iter().map(|api| cpu::of_process(api.pid)).sum(),
            jobs: self.jobs.iter().map(|jobs| cpu::of_process(jobs.pid)).sum(),
            sqs: self.sqs.as_ref().map_or(0, |sqs| cpu::of_process(sqs.pid)),
            bench: cpu::of_process(std::process::id()),
            machine: machine.busy,
            stolen: machine.stolen,
        };
        Ok(Snapshot { at: Instant::now(), wall: Utc::now(), used, log_position })
    }

    /// Memory now. The server's peak is the highest of all looks, so it is looked every second.
    pub(crate) fn memory(&self, before: &MemoryUse) -> MemoryUse {
        let postgres = cpu::tree_memory(self.postgres);
        MemoryUse {
            postgres: Memory { now: postgres, peak: before.postgres.peak.max(postgres) },
            api: self.api.iter().map(|api| cpu::memory(api.pid)).sum(),
            jobs: self.jobs.iter().map(|jobs| cpu::memory(jobs.pid)).sum(),
            bench: cpu::memory(std::process::id()),
        }
    }

    /// Fails when one of them has ended.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        let mut all = self.api.iter_mut().chain(&mut self.jobs).chain(&mut self.sqs);
        all.try_for_each(Running::check)
    }

    /// Lines of warnings and errors that they wrote.
    pub(crate) fn complaint_count(&self) -> usize {
        self.api.iter().chain(&self.jobs).map(Running::complaint_count).sum()
    }

    /// Ends them, each after it has finished what it has in hand.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        for process in self.api.into_iter().chain(self.jobs).chain(self.sqs) {
            process.stop().await?;
        }
        Ok(())
    }
}

impl Used {
    /// What was used since `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            postgres: self.postgres.saturating_sub(before.postgres),
            api: self.api.saturating_sub(before.api),
            jobs: self.jobs.saturating_sub(before.jobs),
            sqs: self.sqs.saturating_sub(before.sqs),
            bench: self.bench.saturating_sub(before.bench),
            machine: self.machine.saturating_sub(before.machine),
            stolen: self.stolen.saturating_sub(before.stolen),
        }
    }

    /// All that belongs to the run.
    pub(crate) fn ours(&self) -> u64 {
        self.postgres + self.api + self.jobs + self.sqs + self.bench
    }

    /// What others on this machine used: a figure is worth less the higher this is.
    pub(crate) fn others(&self) -> u64 {
        self.machine.saturating_sub(self.ours())
    }
}
