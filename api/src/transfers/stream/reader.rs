//! Reads a body, and queues its commands.

use std::time::Duration;

use axum::body::Bytes;
use futures::Stream;
use store::intake::NewTransfer;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use wire::limits::LINE_BYTES_MAX;
use wire::{ProblemCode, StreamEnding};

use super::PAUSE;
use super::lines::{Line, Lines, Next};
use crate::error::ApiError;
use crate::intake::Pending;
use crate::state::App;
use crate::transfers::many::{Origin, Prepared, prepare};

/// A client that sends nothing for so long is gone, or holds a place for nothing.
const IDLE_MAX: Duration = Duration::from_mins(1);

/// Lines whose commands have been queued.
pub(super) struct Piece {
    /// Number of each line, and the place of its command or what is wrong with it.
    pub(super) lines: Vec<(u64, Result<usize, ApiError>)>,
    /// Kept for another try.
    pub(super) commands: Vec<NewTransfer>,
    pub(super) pending: Pending,
}

pub(super) struct Reader<'a, S> {
    pub(super) app: &'a App,
    pub(super) origin: &'a Origin,
    /// What let the stream in; none where nobody is asked.
    pub(super) credential: Option<&'a str>,
    pub(super) lines: Lines<S>,
    pub(super) stop: watch::Receiver<bool>,
}

impl<S, E> Reader<'_, S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// Puts pieces into the window until the body ends, or nothing more may be read.
    pub(super) async fn read(&mut self, window: mpsc::Sender<Piece>) -> StreamEnding {
        let (app, origin) = (self.app, self.origin);
        loop {
            let lines = match self.next().await {
                Ok(lines) => lines,
                Err(ending) => return ending,
            };
            let Some(Prepared { commands, verdicts }) = check(app, origin, &lines).await else {
                return StreamEnding::Unavailable;
            };
            let pending = app.intake.submit_bulk(commands.clone()).await;
            let lines = lines.iter().map(|line| line.number).zip(verdicts).collect();
            if window.send(Piece { lines, commands, pending }).await.is_err() {
                // The writer has given up, and says why.
                return StreamEnding::BrokenOff;
            }
        }
    }

    async fn next(&mut self) -> Result<Vec<Line>, StreamEnding> {
        let read = tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => return Err(StreamEnding::Stopping),
            read = timeout(IDLE_MAX, self.lines.next()) => read,
        };
        if self.app.is_under_maintenance() {
            return Err(StreamEnding::Maintenance);
        }
        if let Some(credential) = self.credential
            && self.app.auth.is_revoked(credential).await
        {
            return Err(StreamEnding::Revoked);
        }
        match read {
            Ok(Next::Piece(lines)) => Ok(lines),
            Ok(Next::End) => Err(StreamEnding::Complete),
            Ok(Next::BrokenOff) => Err(StreamEnding::BrokenOff),
            Err(_) => Err(StreamEnding::Idle),
        }
    }
}

/// Checks the lines; none when their wallets cannot be looked up for too long.
async fn check(app: &App, origin: &Origin, lines: &[Line]) -> Option<Prepared> {
    let began = Instant::now();
    loop {
        let texts = lines.iter().map(|line| line.text.as_deref().ok_or_else(too_long));
        match prepare(app, origin, texts).await {
            Ok(prepared) => return Some(prepared),
            Err(_) if began.elapsed() >= app.streams.wait_max => return None,
            Err(_) => sleep(PAUSE).await,
        }
    }
}

fn too_long() -> ApiError {
    let detail = format!("The line has more than {LINE_BYTES_MAX} bytes.");
    ApiError::new(ProblemCode::BodyTooLarge, detail)
}
