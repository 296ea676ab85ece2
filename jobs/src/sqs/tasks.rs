//! Message move tasks: SQS itself sends a whole dead-letter queue back to where its
//! messages came from. Endpoints that stand in for SQS often cannot.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use super::connect::failed;
use super::queue::ANSWER_MAX;
use super::{Queue, SqsError};

/// What became of the wish to start a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TaskStart {
    /// It runs under this handle.
    Started(String),
    /// The endpoint does not know tasks, or does not allow them; it says why.
    Refused(String),
}

/// The newest task of a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MoveTask {
    /// Known while it runs.
    pub(crate) handle: Option<String>,
    /// `RUNNING`, `COMPLETED`, `CANCELLING`, `CANCELLED` or `FAILED`.
    pub(crate) status: String,
    /// Messages moved so far.
    pub(crate) moved: i64,
    /// Messages that there were to move; none when it does not say.
    pub(crate) to_move: Option<i64>,
    /// Why it failed.
    pub(crate) failure: Option<String>,
}

/// Answers of an endpoint that knows no tasks, or does not let us have any, under the names of
/// both protocols that SQS has had. Any other error says nothing of that: a task may run, and
/// AWS says `InvalidParameterValue` because one does.
const REFUSALS: [&str; 6] = [
    "UnsupportedOperation",
    "AWS.SimpleQueueService.UnsupportedOperation",
    "InvalidAction",
    "UnknownOperationException",
    "AccessDenied",
    "AccessDeniedException",
];

impl Queue {
    /// Starts a task that moves everything back to its source.
    pub(crate) async fn start_move_task(&self) -> Result<TaskStart, SqsError> {
        let arn = self.arn().await?;
        let request = self.client().start_message_move_task().source_arn(arn).send();
        match tokio::time::timeout(ANSWER_MAX, request).await {
            Ok(Ok(answer)) => Ok(match answer.task_handle {
                Some(handle) => TaskStart::Started(handle),
                None => TaskStart::Refused("it answered without a handle".to_owned()),
            }),
            Ok(Err(error)) => match refusal(&error) {
                Some(why) => Ok(TaskStart::Refused(why)),
                None => Err(failed("moving messages of", self.name(), error)),
            },
            Err(_) => Err(self.too_slow("moving messages of")),
        }
    }

    /// The newest task; none when there never was one, or the endpoint knows none.
    pub(crate) async fn move_task(&self) -> Result<Option<MoveTask>, SqsError> {
        let arn = self.arn().await?;
        let request = self.client().list_message_move_tasks().source_arn(arn).max_results(1).send();
        let answer = match tokio::time::timeout(ANSWER_MAX, request).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if refusal(&error).is_some() => return Ok(None),
            Ok(Err(error)) => return Err(failed("asking about tasks of", self.name(), error)),
            Err(_) => return Err(self.too_slow("asking about tasks of")),
        };
        Ok(answer.results.unwrap_or_default().into_iter().next().map(|task| MoveTask {
            handle: task.task_handle,
            status: task.status.unwrap_or_default(),
            moved: task.approximate_number_of_messages_moved,
            to_move: task.approximate_number_of_messages_to_move,
            failure: task.failure_reason,
        }))
    }

    /// Asks a task to stop. What it has moved stays moved.
    pub(crate) async fn cancel_move_task(&self, handle: &str) -> Result<(), SqsError> {
        let request = self.client().cancel_message_move_task().task_handle(handle);
        let canceled = self.answer("stopping a task of", request.send(), ANSWER_MAX).await;
        canceled.map(|_| ())
    }
}

/// What the endpoint has against tasks; none when the error may pass.
fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<String> {
    let code = error.code().filter(|code| REFUSALS.contains(code))?;
    let said = error.message().map(|message| format!(" ({message})")).unwrap_or_default();
    Some(format!("{code}{said}"))
}
