use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use crate::error::DevError;

/// Done when the part is to end.
pub(crate) type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A part of the system that runs as a task until it is told to stop.
pub(crate) struct Part {
    name: &'static str,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), DevError>>,
}

impl Part {
    pub(crate) fn spawn<F>(name: &'static str, run: impl FnOnce(Stop) -> F) -> Self
    where
        F: Future<Output = Result<(), DevError>> + Send + 'static,
    {
        let (stop, mut asked) = watch::channel(false);
        let asked: Stop = Box::pin(async move {
            // An error means that nobody is left to ask, which is an end, too.
            let _ = asked.wait_for(|asked| *asked).await;
        });
        Self { name, stop, task: tokio::spawn(run(asked)) }
    }

    /// Waits until the part ends although nobody told it to. After that only [`Self::abandon`] makes sense.
    pub(crate) async fn ended(&mut self) -> DevError {
        let result = (&mut self.task).await;
        self.outcome(result).err().unwrap_or(DevError::Ended(self.name))
    }

    /// Lets the part finish what it has in hand.
    pub(crate) async fn stop(mut self) -> Result<(), DevError> {
        self.stop.send_replace(true);
        let result = (&mut self.task).await;
        self.outcome(result)
    }

    /// Breaks the part off where it stands.
    pub(crate) fn abandon(self) {
        self.task.abort();
    }

    fn outcome(&self, result: Result<Result<(), DevError>, JoinError>) -> Result<(), DevError> {
        result.unwrap_or_else(|source| Err(DevError::BrokeOff { part: self.name, source }))
    }
}
