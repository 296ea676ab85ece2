//! A redrive by hand: receive -> send to the source -> write down -> delete.
//!
//! * *Dies before it is written down:* the message is seen again and sent again.
//! * *Dies before it is deleted:* likewise, and it counts once.
//!
//! Messages that are to stay are kept hidden until the end and then given back, so that
//! each is received once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::queue::CommandKind;
use store::queue_desk::{self, Command, Found, Orders};
use tokio::time::Instant;

use super::command::{End, Troubles};
use super::{Pair, Trouble, reading};
use crate::sqs::{Received, Status};

/// Messages are hidden this long if this process dies: longer than a round takes, short
/// enough that the next process does not wait for them for long.
const HIDDEN: Duration = Duration::from_secs(6);
/// The same where most of what is received stays: it should not come again while the
/// others are looked for.
const HIDDEN_WHILE_SEARCHING: Duration = Duration::from_secs(30);
/// Messages in somebody else's hands are waited for this long: longer than a look that
/// was cut off hides them.
const PATIENCE: Duration = Duration::from_secs(45);

/// Begins the detail of a redrive of a whole queue that SQS does not do by itself.
pub(super) const BY_HAND: &str = "by hand";

/// One redrive while it runs.
struct Hand<'a> {
    pair: &'a Pair,
    command: &'a Command,
    troubles: &'a mut Troubles,
    status: Status,
    /// The messages that are wanted; none for all that were sent before the command.
    wanted: Option<HashSet<&'a str>>,
    /// Receipts of those that stay, by id.
    stay: HashMap<String, String>,
    /// Those that were wanted and sent.
    sent: HashSet<String>,
    /// Those that the source did not take.
    refused: HashSet<String>,
    /// What the queue has besides, as SQS counted last.
    hidden: i64,
}

impl Pair {
    /// Sends messages back one by one.
    pub(super) async fn redrive_by_hand(
        &self,
        command: &Command,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        let selected = command.kind == CommandKind::RedriveMessages;
        let wanted = selected
            .then(|| command.message_ids.iter().map(String::as_str).collect::<HashSet<&str>>());
        let total = wanted.as_ref().and_then(|ids| i64::try_from(ids.len()).ok());
        let status = self.begin(command, total).await?;
        let (stay, sent, refused) = (HashMap::new(), HashSet::new(), HashSet::new());
        let pair = self;
        let mut hand =
            Hand { pair, command, troubles, status, wanted, stay, sent, refused, hidden: 0 };
        let end = hand.run().await;
        let stay: Vec<&str> = hand.stay.values().map(String::as_str).collect();
        let back = self.dead.give_back(&stay).await;
        let end = end?;
        back?;
        Ok(end)
    }
}

impl Hand<'_> {
    async fn run(&mut self) -> Result<End, Trouble> {
        let mut progress_at = Instant::now();
        let hidden = if self.wanted.is_some() { HIDDEN_WHILE_SEARCHING } else { HIDDEN };
        while !self.all_sent() {
            if self.pair.is_stopping() {
                return Ok(End::Elsewhere);
            }
            let received = self.pair.receive(hidden).await?;
            let (orders, progress) = self.round(received).await?;
            match orders {
                Orders::Go => {}
                Orders::Stop => return Ok(End::stopped()),
                Orders::Leave => return Ok(End::Elsewhere),
            }
            if progress {
                progress_at = Instant::now();
            } else if self.nothing_left().await? || progress_at.elapsed() > PATIENCE {
                break;
            }
        }
        Ok(self.end())
    }

    /// Everything that was asked for by name is back at its source.
    fn all_sent(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| {
            wanted.iter().all(|id| self.sent.contains(*id) || self.refused.contains(*id))
        })
    }

    /// The queue holds no more than what is to stay there.
    async fn nothing_left(&mut self) -> Result<bool, Trouble> {
        let total = self.pair.dead.status().await?.counts.total();
        let stay = i64::try_from(self.stay.len()).unwrap_or(i64::MAX);
        self.hidden = total.saturating_sub(stay);
        Ok(self.hidden <= 0)
    }

    fn wants(&self, message: &Received) -> bool {
        if self.refused.contains(&message.id) {
            return false;
        }
        match &self.wanted {
            Some(wanted) => wanted.contains(message.id.as_str()),
            // What comes back while this runs would go round and round.
            None => message.sent_at.is_none_or(|at| at <= self.command.created_at),
        }
    }

    /// Deals with what was received; says whether anything of it was new.
    async fn round(&mut self, received: Vec<Received>) -> Result<(Orders, bool), Trouble> {
        let Pair { pool, source, dead, holder, .. } = self.pair;
        if received.is_empty() {
            let orders = self.pair.report(self.command, queue_desk::Report::default()).await?;
            return Ok((orders, false));
        }
        let found: Vec<Found> = received.iter().map(reading::read).collect();
        queue_desk::index(pool, dead.name(), self.status.retention, &found, false).await?;
        let (go, stay): (Vec<_>, Vec<_>) = received.iter().partition(|one| self.wants(one));
        let mut progress = !go.is_empty();
        for message in stay {
            let known = self.stay.insert(message.id.clone(), message.receipt.clone());
            progress |= known.is_none();
        }
        let accepted = source.take_back(&go, &self.command.id.0.simple().to_string()).await?;
        let (mut ids, mut receipts) = (Vec::new(), Vec::new());
        for (message, accepted) in go.into_iter().zip(accepted) {
            if accepted {
                ids.push(message.id.clone());
                receipts.push(message.receipt.clone());
            } else {
                self.refused.insert(message.id.clone());
                self.stay.insert(message.id.clone(), message.receipt.clone());
            }
        }
        let orders = queue_desk::note_redriven(pool, self.command, *holder, &ids).await?;
        dead.delete(&receipts).await?;
        if !ids.is_empty() {
            self.troubles.forget();
        }
        self.sent.extend(ids);
        Ok((orders, progress))
    }

    fn end(&self) -> End {
        let refused = self.refused.len();
        if refused > 0 {
            let source = self.pair.source.name();
            return End::failed(format!(
                "{source} refused {refused} messages; they are still here"
            ));
        }
        if self.wanted.is_none() && self.hidden > 0 {
            let hidden = self.hidden;
            return End::done(Some(format!(
                "{hidden} messages stay: somebody else has them in hand"
            )));
        }
        if self.wanted.is_none() && !self.stay.is_empty() {
            let later = self.stay.len();
            return End::done(Some(format!("{later} messages stay: they came after the command")));
        }
        let asked = self.command.message_ids.len();
        let missing = asked.saturating_sub(self.sent.len());
        // What another process sent before it died is not missing.
        if missing == 0 || self.command.done_count > 0 {
            let by_hand = self.command.detail.clone();
            return End::done(by_hand.filter(|detail| detail.starts_with(BY_HAND)));
        }
        let why =
            if self.pair.dead.is_fifo() { ", or stand behind others of their group" } else { "" };
        End::done(Some(format!("{missing} of {asked} messages were not found in the queue{why}")))
    }
}
