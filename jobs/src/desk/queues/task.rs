//! A redrive of a whole queue: by SQS itself where it can, else by hand.
//!
//! A message move task sends each message to the queue that SQS took it from. What a
//! consumer put into the dead-letter queue has no such queue, so one of those is enough
//! to do it all by hand.

use std::time::Duration;

use domain::queue::DeadMessageStatus;
use store::queue_desk::{self, Command, Orders, Report};

use super::command::{End, Troubles};
use super::redrive::BY_HAND;
use super::{Pair, Trouble};
use crate::sqs::{SqsError, TaskStart};

/// The detail of a redrive that SQS does by itself.
const BY_TASK: &str = "by a message move task";

/// How often a task is asked how far it is.
const ASK_EVERY: Duration = Duration::from_secs(1);

impl Pair {
    /// Sends everything back.
    pub(super) async fn redrive_queue(
        &self,
        command: &Command,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        if command.task_handle.is_some() {
            return self.follow_task(command, troubles).await;
        }
        let status = self.begin(command, None).await?;
        // One that a process started before it died, or without an answer.
        let handle = match self.running_task().await? {
            Some(handle) => Ok(handle),
            // What was begun by hand is ended by hand: two ways would count twice.
            None if command.done_count > 0 => return self.redrive_by_hand(command, troubles).await,
            None => {
                self.look_if_due(&status).await?;
                self.start_task().await?
            }
        };
        match handle {
            Ok(handle) => self.adopt_task(command, handle, troubles).await,
            Err(why) => {
                let detail = Some(format!("{BY_HAND}: {why}"));
                let report = Report { detail: detail.clone(), ..Report::default() };
                self.report(command, report).await?;
                let total_count = Some(status.counts.total());
                let command = Command { total_count, detail, ..command.clone() };
                self.redrive_by_hand(&command, troubles).await
            }
        }
    }

    /// Stops a redrive of which no task is known. A process that died may have started one
    /// and not have come to write it down; it would go on.
    pub(super) async fn stop_redrive(
        &self,
        command: &Command,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        match self.running_task().await? {
            Some(handle) => self.adopt_task(command, handle, troubles).await,
            None => Ok(End::stopped()),
        }
    }

    /// The handle of the task that runs, if one does.
    async fn running_task(&self) -> Result<Option<String>, Trouble> {
        let running = self.dead.move_task().await?.filter(|task| task.status == "RUNNING");
        Ok(running.and_then(|task| task.handle))
    }

    async fn adopt_task(
        &self,
        command: &Command,
        handle: String,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        let (task_handle, detail) = (Some(handle), Some(BY_TASK.to_owned()));
        let report = Report { task_handle: task_handle.clone(), detail, ..Report::default() };
        self.report(command, report).await?;
        self.follow_task(&Command { task_handle, ..command.clone() }, troubles).await
    }

    /// The handle of a new task, or why there is none.
    async fn start_task(&self) -> Result<Result<String, String>, Trouble> {
        if !queue_desk::all_by_sqs(&self.pool, self.dead.name()).await? {
            return Ok(Err("a consumer put some of it there, not SQS".to_owned()));
        }
        Ok(match self.dead.start_move_task().await? {
            TaskStart::Started(handle) => Ok(handle),
            TaskStart::Refused(why) => Err(format!("no message move task: {why}")),
        })
    }

    /// Watches the task to its end, and stops it if an operator says so.
    async fn follow_task(
        &self,
        command: &Command,
        troubles: &mut Troubles,
    ) -> Result<End, Trouble> {
        let mut canceled = false;
        loop {
            // SQS shows a task long after its end: if it does not, that is to be asked again.
            let task = self.dead.move_task().await?.ok_or_else(|| SqsError::Incomplete {
                queue: self.dead.name().to_owned(),
                what: "its message move task",
            })?;
            troubles.forget();
            let report = Report {
                done_count: Some(task.moved),
                total_count: task.to_move.filter(|count| *count > 0),
                // In the place of what was said while it was in trouble.
                detail: Some(BY_TASK.to_owned()),
                ..Report::default()
            };
            let orders = self.report(command, report).await?;
            match task.status.as_str() {
                "COMPLETED" => return Ok(End::emptied(DeadMessageStatus::Redriven, Some(BY_TASK))),
                "CANCELLED" => return Ok(End::stopped()),
                "FAILED" => {
                    let why = task.failure.unwrap_or_else(|| "SQS does not say why".to_owned());
                    return Ok(End::failed(format!("the message move task failed: {why}")));
                }
                _ => {}
            }
            match orders {
                Orders::Leave => return Ok(End::Elsewhere),
                Orders::Stop if !canceled => {
                    if let Some(handle) = &command.task_handle {
                        self.dead.cancel_move_task(handle).await?;
                    }
                    canceled = true;
                }
                Orders::Stop | Orders::Go => {}
            }
            if self.is_stopping() {
                return Ok(End::Elsewhere);
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}
