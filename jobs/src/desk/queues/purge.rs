//! A purge: look -> write down that SQS is asked -> ask -> close what was there.
//!
//! Every attempt begins with a look, so that what is thrown away stays in the index. What
//! comes between the look and the purge does not; SQS offers nothing against that.
//!
//! *Dies before the answer is written down, or none came:* nobody knows whether SQS purged.
//! It is not asked again, since what is there by then may have come later. The command ends
//! by what the queue shows.

use std::time::Duration;

use domain::queue::DeadMessageStatus;
use store::queue_desk::{Command, Orders, Report};

use super::command::{End, Troubles};
use super::{Pair, Trouble};
use crate::sqs::Purged;

/// SQS allows one purge of a queue in 60 s; it is asked again this often.
const AGAIN: Duration = Duration::from_secs(5);

/// In the detail of a purge from before SQS is asked until its answer is written down.
pub(super) const ASKED: &str = "SQS was asked to purge";

impl Pair {
    /// Throws everything away.
    pub(super) async fn purge(
        &self,
        command: &Command,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        if command.detail.as_ref().is_some_and(|detail| detail.contains(ASKED)) {
            return self.after_purge().await.map_err(unanswered);
        }
        let mut status = self.begin(command, None).await?;
        loop {
            self.look_if_due(&status).await?;
            let mut orders = self.say(command, ASKED).await?;
            if orders == Orders::Go {
                match self.dead.purge().await? {
                    Purged::Done => return Ok(End::emptied(DeadMessageStatus::Purged, None)),
                    Purged::Unknown(error) => return Err(unanswered(error)),
                    Purged::TooSoon => troubles.forget(),
                }
                orders =
                    self.say(command, "waits: SQS allows one purge of a queue in 60 s").await?;
            }
            if orders == Orders::Go {
                orders = self.wait(command, AGAIN).await?.unwrap_or(Orders::Go);
            }
            match orders {
                Orders::Go => {}
                Orders::Stop => return Ok(End::stopped()),
                Orders::Leave => return Ok(End::Elsewhere),
            }
            status = self.dead.status().await?;
        }
    }

    async fn say(&self, command: &Command, detail: &str) -> Result<Orders, Trouble> {
        let report = Report { detail: Some(detail.to_owned()), ..Report::default() };
        Ok(self.report(command, report).await?)
    }

    /// The end of a purge whose answer nobody has. SQS takes up to a minute for one, so what
    /// is there proves nothing.
    async fn after_purge(&self) -> Result<End, Trouble> {
        let status = self.dead.status().await?;
        if status.counts.total() == 0 {
            return Ok(End::emptied(DeadMessageStatus::Purged, None));
        }
        self.look(&status).await?;
        Ok(End::failed(format!(
            "{ASKED}, and its answer is not known; what is there may have come later, so it was not asked again"
        )))
    }
}

fn unanswered(error: impl Into<Trouble>) -> Trouble {
    Trouble::Unanswered(Box::new(error.into()))
}
