//! What must hold after all that was broken, and the figures that it follows from.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::ids::EventId;
use domain::money::{MinorUnits, Money};
use domain::transfer::TransferStatus;
use store::desk::Group;
use store::ledger::{LedgerReport, Mode};
use store::pool::Pool;
use store::{audit, census, desk, ledger};

use crate::client::is_outcome;
use crate::error::DevError;
use crate::load::{REFERENCE, Totals};
use crate::queues::{DeadLetters, QUEUES, Queues, QueuesError, dead_letters_of};

/// The figures, read at rest.
pub(super) struct Report {
    totals: Totals,
    /// The load's transfers by status.
    transfers: Vec<(TransferStatus, i64)>,
    work: census::Work,
    dead_letters: Vec<Group>,
    events_written: i64,
    subscribers: [Subscriber; 2],
    chain: audit::Verified,
    ledger: LedgerReport,
}

/// What became of events on their way to one consumer.
struct Subscriber {
    queue: &'static str,
    /// Messages still to be received.
    waiting: u64,
    /// Events that the consumer has not dealt with.
    unread: Vec<EventId>,
    dead: DeadLetters,
}

impl Subscriber {
    async fn look(
        queues: &Queues,
        queue: &'static str,
        unread: Vec<EventId>,
    ) -> Result<Self, QueuesError> {
        let (waiting, dead) = (queues.count(queue).await?, queues.dead_letters(queue).await?);
        Ok(Self { queue, waiting, unread, dead })
    }

    /// Events that neither the consumer has nor the dead-letter queue. Only at rest are they lost.
    fn missing(&self) -> usize {
        self.unread.iter().filter(|id| !self.dead.events.contains(id)).count()
    }
}

impl Report {
    /// Reads everything that was written since an instant.
    pub(super) async fn make(
        pool: &Pool,
        queues: &Queues,
        since: DateTime<Utc>,
        totals: Totals,
    ) -> Result<Self, DevError> {
        let error = DevError::Report;
        let census::Events { written, unread_by_audit, unread_by_metrics } =
            census::events(pool, since).await.map_err(error)?;
        let [audit, metrics] = QUEUES;
        Ok(Self {
            totals,
            transfers: census::transfers(pool, since, REFERENCE).await.map_err(error)?,
            work: census::work(pool).await.map_err(error)?,
            dead_letters: desk::groups(pool).await.map_err(error)?,
            events_written: written,
            subscribers: [
                Subscriber::look(queues, audit, unread_by_audit).await?,
                Subscriber::look(queues, metrics, unread_by_metrics).await?,
            ],
            chain: audit::verify(pool).await.map_err(error)?,
            ledger: ledger::check(pool, Mode::Full).await.map_err(error)?,
        })
    }

    /// What is not as it must be, a sentence each.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut must_be_none = |count: usize, what: &str| {
            if count > 0 {
                broken.push(format!("{count} {what}"));
            }
        };
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        let known: i64 = self.transfers.iter().map(|(_, count)| count).sum();
        let accepted = usize::try_from(self.totals.accepted).unwrap_or(usize::MAX);
        must_be_none(accepted.saturating_sub(count(known)), "accepted transfers are unknown");
        must_be_none(count(self.work.open), "transfers are neither at their end nor dead letters");
        must_be_none(count(self.work.outbox), "events were not sent in time");
        for subscriber in &self.subscribers {
            let late = self.work.outbox > 0 || subscriber.waiting > 0;
            let fate = if late { "were not received in time" } else { "are lost" };
            must_be_none(subscriber.missing(), &format!("events of {} {fate}", subscriber.queue));
        }
        must_be_none(usize::from(self.chain.first_broken.is_some()), "break in the audit chain");
        must_be_none(self.ledger.violations.len(), "violations of the ledger's rules");
        broken
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nInvariant report\n")?;
        self.write_transfers(f)?;
        self.write_events(f)?;
        self.write_ledger(f)?;
        let broken = self.broken();
        for sentence in &broken {
            writeln!(f, "  BROKEN        {sentence}")?;
        }
        if broken.is_empty() {
            writeln!(
                f,
                "\nNothing was lost: every accepted transfer has an outcome or is a dead letter, every event"
            )?;
            writeln!(
                f,
                "reached both consumers or a dead-letter queue, and the ledger is clean.\n"
            )?;
        }
        Ok(())
    }
}

impl Report {
    fn write_transfers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { sent, accepted, refused, unsent } = self.totals;
        writeln!(
            f,
            "  transfers     sent {sent}: accepted {accepted}, refused {refused} (not sent: {unsent})"
        )?;
        let (ended, open): (Vec<_>, Vec<_>) =
            self.transfers.iter().partition(|(status, _)| is_outcome(*status));
        for (status, count) in ended.into_iter().chain(open) {
            writeln!(f, "  {status:<10}  {count:>8}")?;
        }
        let count: i64 = self.dead_letters.iter().map(|group| group.count).sum();
        writeln!(f, "  dead letters  {count} open, by cause, with the money that they hold")?;
        for group in &self.dead_letters {
            let held = held(group);
            writeln!(f, "              {:>8}  {held:>16}  {}", group.count, group.fingerprint)?;
        }
        Ok(())
    }

    fn write_events(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.events_written;
        writeln!(f, "  events        {written} written, {} in the outbox", self.work.outbox)?;
        for subscriber in &self.subscribers {
            let Subscriber { queue, waiting, unread, dead } = subscriber;
            let received = i64::try_from(unread.len()).map_or(0, |unread| written - unread);
            // An event that was sent twice may be there and have been received all the same.
            let failed = unread.len() - subscriber.missing();
            let (dlq, count) = (dead_letters_of(queue), dead.failed + dead.unreadable);
            writeln!(f, "  {queue:<14}  {received} received, {failed} failed too often")?;
            writeln!(
                f,
                "                {waiting} messages on their way; in {dlq} {count}, of them {} unreadable",
                dead.unreadable
            )?;
        }
        Ok(())
    }

    fn write_ledger(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  audit chain   {} rows hold", self.chain.rows)?;
        if let Some(broken) = &self.chain.first_broken {
            writeln!(f, "                row {}: {}", broken.seq, broken.breach)?;
        }
        let LedgerReport { rules, totals, violations, .. } = &self.ledger;
        writeln!(f, "  ledger        {} rules checked", rules.len())?;
        for total in totals {
            writeln!(
                f,
                "                {}: {} wallets, debits {}, credits {}, held {} (minor units)",
                total.currency,
                total.wallet_count,
                total.debits_posted,
                total.credits_posted,
                total.held
            )?;
        }
        for violation in violations {
            writeln!(
                f,
                "                {}: {}: {}",
                violation.rule, violation.id, violation.detail
            )?;
        }
        Ok(())
    }
}

/// What a group holds, as a person writes it; a sum that is too long for that in minor units.
fn held(group: &Group) -> String {
    let money = group.held_minor.parse().ok().zip(group.currency.parse().ok());
    match money {
        Some((minor, currency)) => Money { minor: MinorUnits(minor), currency }.to_string(),
        None => format!("{} {}", group.held_minor, group.currency),
    }
}

#[cfg(test)]
mod tests;
