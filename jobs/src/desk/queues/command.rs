//! Commands of operators, one after the other.

use std::time::Duration;

use domain::ids::CommandId;
use domain::queue::{CommandKind, CommandStatus, DeadMessageStatus};
use store::queue_desk::{self, Command, Orders, Outcome, Report};
use store::{StoreError, describe};
use tokio::time::Instant;

use super::{Pair, Trouble};
use crate::sqs::Status;

/// A command that meets nothing but errors for this long has failed; the operator who
/// asked for it sees why, and may ask again.
const TROUBLE_MAX: Duration = Duration::from_mins(2);
/// How often a command that waits asks for orders.
const ORDERS_EVERY: Duration = Duration::from_secs(1);

/// Begins the detail of a command that met an error.
const TRIES_AGAIN: &str = "tries again: ";

/// Since when a command meets nothing but errors.
#[derive(Debug, Default)]
pub(super) struct Troubles(Option<(CommandId, Instant)>);

impl Troubles {
    /// The command goes on: errors of before do not count any more.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// How a run of a command ended.
#[derive(Debug)]
pub(super) enum End {
    /// It is at its end.
    With(Outcome),
    /// This process stops, or another has the command: it goes on elsewhere.
    Elsewhere,
}

impl End {
    /// It did what it could.
    pub(super) fn done(detail: Option<String>) -> Self {
        Self::with(CommandStatus::Done, detail)
    }

    pub(super) fn failed(detail: String) -> Self {
        Self::with(CommandStatus::Failed, Some(detail))
    }

    /// An operator stopped it.
    pub(super) fn stopped() -> Self {
        Self::with(CommandStatus::Stopped, None)
    }

    fn with(status: CommandStatus, detail: Option<String>) -> Self {
        Self::With(Outcome { status, detail, all: None })
    }

    /// It did what it could, and the queue is empty by it.
    pub(super) fn emptied(all: DeadMessageStatus, detail: Option<&str>) -> Self {
        let (status, detail) = (CommandStatus::Done, detail.map(ToOwned::to_owned));
        Self::With(Outcome { status, detail, all: Some(all) })
    }
}

impl Pair {
    /// Runs all commands that wait. Says whether there was one.
    pub(super) async fn run_commands(&self, troubles: &mut Troubles) -> Result<bool, Trouble> {
        let mut ran = false;
        while !self.is_stopping() {
            let next = queue_desk::claim(&self.pool, self.dead.name(), self.holder).await?;
            let Some(command) = next else { break };
            ran = true;
            let (kind, id) = (command.kind, command.id);
            tracing::info!(
                command.id = %id, queue.name = self.dead.name(),
                "{kind} of {} by {} begins: command {id}", self.dead.name(), command.requested_by
            );
            let end = match self.run_command(&command, troubles).await {
                Ok(end) => end,
                Err(error) => self.after_trouble(&command, error, troubles).await?,
            };
            troubles.forget();
            match end {
                End::Elsewhere => break,
                End::With(outcome) => self.finish(&command, &outcome).await?,
            }
        }
        Ok(ran)
    }

    async fn run_command(
        &self,
        command: &Command,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        let stops = command.stop_requested_at.is_some() && command.task_handle.is_none();
        match command.kind {
            CommandKind::RedriveQueue if stops => self.stop_redrive(command, troubles).await,
            _ if stops => Ok(End::stopped()),
            CommandKind::RedriveMessages => self.redrive_by_hand(command, troubles).await,
            CommandKind::RedriveQueue => self.redrive_queue(command, troubles).await,
            CommandKind::PurgeQueue => self.purge(command, troubles).await,
        }
    }

    async fn finish(&self, command: &Command, outcome: &Outcome) -> Result<(), StoreError> {
        let ended = queue_desk::finish(&self.pool, command, self.holder, outcome).await?;
        if let Some(ended) = ended {
            tracing::info!(
                command.id = %ended.id, queue.name = ended.queue,
                "{} of {} ended as {} after {} messages: command {}",
                ended.kind, ended.queue, ended.status, ended.done_count, ended.id
            );
        }
        Ok(())
    }

    /// Tries again later, or gives up.
    async fn after_trouble(
        &self,
        command: &Command,
        error: Trouble,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        let since = match troubles.0 {
            Some((id, since)) if id == command.id => since,
            _ => Instant::now(),
        };
        let said = describe(&error);
        if since.elapsed() > TROUBLE_MAX {
            return Ok(End::failed(said));
        }
        troubles.0 = Some((command.id, since));
        let detail = Some(format!("{TRIES_AGAIN}{said}"));
        self.report(command, Report { detail, ..Report::default() }).await?;
        Err(error)
    }

    /// Says how it goes, and asks for orders.
    pub(super) async fn report(
        &self,
        command: &Command,
        report: Report,
    ) -> Result<Orders, StoreError> {
        queue_desk::report(&self.pool, command.id, self.holder, &report).await
    }

    /// Counts the queue, and says how much there is to do unless that is known, and that it
    /// goes on if it was in trouble.
    pub(super) async fn begin(
        &self,
        command: &Command,
        total: Option<i64>,
    ) -> Result<Status, Trouble> {
        let status = self.dead.status().await?;
        let total = total.unwrap_or_else(|| status.counts.total());
        let total_count = command.total_count.is_none().then_some(total);
        let troubled = |detail: &String| detail.starts_with(TRIES_AGAIN);
        let detail = command.detail.as_ref().filter(|detail| troubled(detail));
        let detail = detail.map(|_| "goes on".to_owned());
        if total_count.is_some() || detail.is_some() {
            self.report(command, Report { total_count, detail, ..Report::default() }).await?;
        }
        Ok(status)
    }

    /// Waits, but not longer than until an order to do something else. None to go on.
    pub(super) async fn wait(
        &self,
        command: &Command,
        pause: Duration,
    ) -> Result<Option<Orders>, Trouble> {
        let until = Instant::now() + pause;
        loop {
            match self.report(command, Report::default()).await? {
                Orders::Go if self.is_stopping() => return Ok(Some(Orders::Leave)),
                Orders::Go if Instant::now() >= until => return Ok(None),
                Orders::Go => tokio::time::sleep(ORDERS_EVERY.min(pause)).await,
                other => return Ok(Some(other)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::operator::OperatorRole;
    use embedded::sqs::Endpoint;
    use embedded::testing::TestDatabase;
    use sqlx::PgPool;
    use store::operators::Operator;
    use store::queue_desk::{Counts, NewCommand, Requested};
    use tokio::sync::watch;
    use uuid::Uuid;

    use super::super::RECEIVERS;
    use super::*;
    use crate::sqs::{BATCH_MAX, Outgoing, QueueAt, SqsConfig, connect};

    /// Longer than it takes to stop the endpoint.
    const MESSAGES: usize = 400;

    async fn pair(endpoint: &Endpoint, pool: PgPool) -> Pair {
        let at = |place: &str| QueueAt { variable: "QUEUE", place: place.to_owned() };
        let config = SqsConfig {
            endpoint_url: Some(endpoint.url()),
            audit: at("audit"),
            metrics: at("metrics"),
            create_queues: true,
            consumer_timeout: Duration::from_secs(20),
            events_per_message: 1,
            relay_tick: Duration::from_secs(1),
        };
        let source = connect(&config).await.unwrap().audit;
        let dead = source.dead_letters().unwrap();
        let (_, stopping) = watch::channel(false);
        Pair { source, dead, pool, holder: Uuid::now_v7(), stopping }
    }

    async fn fill(pair: &Pair) {
        let message = || Outgoing {
            body: "hello".to_owned(),
            attributes: Vec::new(),
            group: String::new(),
            dedup: String::new(),
        };
        for _ in 0..MESSAGES / BATCH_MAX {
            let batch: Vec<Outgoing> = (0..BATCH_MAX).map(|_| message()).collect();
            pair.dead.send(&batch).await.unwrap();
        }
    }

    /// A redrive of everything, of a queue that is leased.
    async fn redrive(pair: &Pair) -> Command {
        let (dead, source) = (pair.dead.name(), pair.source.name());
        queue_desk::lease(&pair.pool, dead, source, pair.holder).await.unwrap();
        let (counts, kept) = (Counts::default(), Duration::from_hours(1));
        queue_desk::note_sample(&pair.pool, dead, Some(source), counts, kept).await.unwrap();
        let new = NewCommand {
            kind: CommandKind::RedriveQueue,
            queue: dead.to_owned(),
            message_ids: Vec::new(),
            reason: "mended".to_owned(),
            key: None,
        };
        let actor = Operator { name: "olga".to_owned(), role: OperatorRole::Operator };
        match queue_desk::request(&pair.pool, &actor, &new).await.unwrap() {
            Requested::New(command) | Requested::Replayed(command) => command,
        }
    }

    async fn at(pair: &Pair, command: &Command) -> Command {
        queue_desk::get_command(&pair.pool, command.id).await.unwrap().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn errors_far_apart_do_not_end_a_command_that_goes_on_between_them() {
        let mut endpoint = Endpoint::start(None).await.unwrap();
        let database = TestDatabase::create().await.unwrap();
        let pool = PgPool::connect(database.url()).await.unwrap();
        let pair = pair(&endpoint, pool).await;
        fill(&pair).await;
        let command = redrive(&pair).await;
        // It met an error before, and none since.
        let long_ago = Instant::now().checked_sub(TROUBLE_MAX + Duration::from_secs(1)).unwrap();
        let mut troubles = Troubles(Some((command.id, long_ago)));
        // What counts more than one round has done the first one.
        let round = i64::try_from(RECEIVERS * BATCH_MAX).unwrap();
        let break_it = async {
            while at(&pair, &command).await.done_count <= round {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            endpoint.stop().await;
        };
        let both = async { tokio::join!(pair.run_commands(&mut troubles), break_it) };
        let (ran, ()) = tokio::time::timeout(Duration::from_mins(1), both).await.unwrap();
        assert!(ran.is_err(), "it was too fast to be broken");
        let now = at(&pair, &command).await;
        assert_eq!(now.status, CommandStatus::Running, "{now:?}");
        assert!(now.detail.is_some_and(|detail| detail.starts_with(TRIES_AGAIN)));

        // Nothing but errors for so long is its end.
        let (id, _) = troubles.0.unwrap();
        troubles.0 = Some((id, long_ago));
        pair.run_commands(&mut troubles).await.unwrap();
        assert_eq!(at(&pair, &command).await.status, CommandStatus::Failed);
    }
}
