//! Sends answers in the order of the lines.

use std::time::Duration;

use axum::body::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use wire::{BulkStatus, StreamAnswer, StreamEnd, StreamEnding};

use super::PAUSE;
use super::reader::Piece;
use crate::error::ApiError;
use crate::intake::{Answer, IntakeError};
use crate::state::App;
use crate::transfers::many::{Origin, Outcome, outcome};

/// A client that reads nothing for so long is gone, or holds a place for nothing.
const STALL_MAX: Duration = Duration::from_mins(5);

/// The client is gone: there is nobody to say anything to.
#[derive(Debug)]
pub(super) struct Gone;

pub(super) struct Writer<'a> {
    app: &'a App,
    origin: &'a Origin,
    answers: mpsc::Sender<Bytes>,
    /// Everything so far.
    end: StreamEnd,
}

impl<'a> Writer<'a> {
    pub(super) fn new(app: &'a App, origin: &'a Origin, answers: mpsc::Sender<Bytes>) -> Self {
        let end = StreamEnd {
            end: StreamEnding::Complete,
            last_line: 0,
            accepted: 0,
            replayed: 0,
            refused: 0,
            detail: String::new(),
        };
        Self { app, origin, answers, end }
    }

    /// Answers what comes through the window, until it is closed or a piece cannot be written.
    pub(super) async fn write(
        &mut self,
        mut pieces: mpsc::Receiver<Piece>,
    ) -> Result<StreamEnding, Gone> {
        while let Some(Piece { lines, commands, pending }) = pieces.recv().await {
            let mut written = pending.answers().await;
            let mut ending = None;
            let began = Instant::now();
            while let Some(trouble) = trouble(&written) {
                if began.elapsed() >= self.app.streams.wait_max {
                    ending = Some(trouble);
                    break;
                }
                if self.app.is_under_maintenance() {
                    ending = Some(StreamEnding::Maintenance);
                    break;
                }
                if self.answers.is_closed() {
                    return Err(Gone);
                }
                sleep(PAUSE).await;
                // What had been written is found, not doubled: ids and keys are the same.
                written = self.app.intake.submit_bulk(commands.clone()).await.answers().await;
            }
            let text = self.render(lines, &written);
            self.send(text).await?;
            if let Some(ending) = ending {
                return Ok(ending);
            }
        }
        Ok(StreamEnding::Complete)
    }

    /// Says how it ended, if there is anybody to hear it.
    pub(super) async fn finish(mut self, ending: Result<StreamEnding, Gone>) {
        let StreamEnd { last_line, accepted, replayed, refused, .. } = self.end;
        let correlation_id = self.origin.correlation_id();
        tracing::info!(
            correlation_id, last_line, accepted, replayed, refused, end = ?ending, "stream ended"
        );
        let Ok(ending) = ending else { return };
        self.end.end = ending;
        self.end.detail = detail(ending, last_line);
        let mut text = Vec::new();
        push(&mut text, &self.end);
        self.send(text).await.ok();
    }

    /// The answers of a piece, up to the first line whose fate is not known.
    fn render(
        &mut self,
        lines: Vec<(u64, Result<usize, ApiError>)>,
        written: &[Answer],
    ) -> Vec<u8> {
        let mut text = Vec::with_capacity(lines.len() * 100);
        for (line, verdict) in lines {
            let outcome = match verdict {
                Err(problem) => Ok(Outcome::Refused(problem)),
                Ok(place) => {
                    let lost = IntakeError::Unavailable { retry_after_s: 0 };
                    outcome(written.get(place).copied().unwrap_or(Err(lost)))
                }
            };
            let Ok(outcome) = outcome else { break };
            let answer = self.answer(line, outcome);
            self.end.last_line = line;
            push(&mut text, &answer);
        }
        text
    }

    fn answer(&mut self, line: u64, outcome: Outcome) -> StreamAnswer {
        let (status, transfer_id, problem) = match outcome {
            Outcome::Accepted(id) => {
                self.end.accepted += 1;
                (BulkStatus::Accepted, Some(id), None)
            }
            Outcome::Replayed(id) => {
                self.end.replayed += 1;
                (BulkStatus::Replayed, Some(id), None)
            }
            Outcome::Refused(problem) => {
                self.end.refused += 1;
                let problem = problem.into_problem(self.origin.correlation_id());
                (BulkStatus::Refused, None, Some(problem))
            }
        };
        StreamAnswer { line, status, transfer_id, problem }
    }

    /// Hands a piece of the answer on, and waits until the one before it was taken.
    async fn send(&self, text: Vec<u8>) -> Result<(), Gone> {
        if text.is_empty() {
            return Ok(());
        }
        match timeout(STALL_MAX, self.answers.send(Bytes::from(text))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}

/// What of the answers may be otherwise at another try.
fn trouble(written: &[Answer]) -> Option<StreamEnding> {
    written.iter().find_map(|answer| match answer {
        Err(IntakeError::Unavailable { .. }) => Some(StreamEnding::Unavailable),
        Err(IntakeError::Overloaded { .. }) => Some(StreamEnding::Overloaded),
        Err(IntakeError::Refused) | Ok(_) => None,
    })
}

fn push(text: &mut Vec<u8>, line: &impl Serialize) {
    // Writing to memory does not fail, and all of these can be written as JSON.
    if serde_json::to_writer(&mut *text, line).is_ok() {
        text.push(b'\n');
    }
}

/// What the client is to do.
fn detail(ending: StreamEnding, last_line: u64) -> String {
    let why = match ending {
        StreamEnding::Complete => return "Every line has its answer.".to_owned(),
        StreamEnding::Unavailable => "The database does not answer.",
        StreamEnding::Overloaded => "Too much work is waiting.",
        StreamEnding::Maintenance => "Nothing new is taken for now.",
        StreamEnding::Stopping => "This process is about to stop.",
        StreamEnding::Revoked => "The API key was revoked.",
        StreamEnding::Idle => "Nothing was sent for too long.",
        StreamEnding::BrokenOff => "The body broke off.",
    };
    let next = last_line.saturating_add(1);
    format!(
        "{why} Line {last_line} was answered last. Send all lines from {next} on again, with the same \
         idempotency keys: what was written already is not written again."
    )
}
