//! `POST /v1/transfers/stream`: commands line by line, and answers line by line while the request
//! still runs.
//!
//! A reader cuts the body into pieces, checks their commands, and queues them in the intake; a
//! writer takes the answers piece by piece, in order, and sends them. Between them is a window of
//! a few pieces. When it is full, because the intake makes bulk work wait or because the client
//! does not read its answers, the reader stops, the body is not read any more, and TCP holds the
//! client up. So a body of any length takes the same memory.
//!
//! A stream that cannot go on ends with a line that says why, and which line was answered last.
//! Lines behind it may have been written, too: the client sends all of them again, and their keys
//! say which had been.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::switch::Switch;
use futures::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::timeout;
use wire::limits::STREAM_WINDOW_LINES;
use wire::{ProblemCode, StreamEnding};

use super::many::Origin;
use crate::auth::{self, Caller, bearer};
use crate::door::{Share, Shares};
use crate::error::ApiError;
use crate::extract::{NoParams, Trace, is_media_type};
use crate::state::App;

mod lines;
mod reader;
mod writer;

use lines::{Lines, PIECE_LINES_MAX};
use reader::Reader;
use writer::Writer;

const NDJSON: &str = "application/x-ndjson";
/// Pieces whose answers wait to be sent.
const SEND_PIECES: usize = 1;
/// Pieces between reader and writer. One more is being checked and one answered, so that all of
/// them together have [`STREAM_WINDOW_LINES`].
const WINDOW_PIECES: usize = STREAM_WINDOW_LINES / PIECE_LINES_MAX - SEND_PIECES - 2;
/// Between two tries while the database is away or too much work waits.
const PAUSE: Duration = Duration::from_millis(250);
/// How long the rest of a body is read for nothing, so that the client sees how it ended.
const LINGER: Duration = Duration::from_secs(5);

/// The streams of this process.
pub(crate) struct Streams {
    seats: Arc<Semaphore>,
    shares: Shares,
    stop: watch::Sender<bool>,
    /// How long a stream tries to go on before it ends.
    wait_max: Duration,
}

impl Streams {
    pub(crate) fn new(count_max: u32, wait_max: Duration) -> Self {
        let count_max = usize::try_from(count_max).unwrap_or(Semaphore::MAX_PERMITS);
        let seats = Arc::new(Semaphore::new(count_max.min(Semaphore::MAX_PERMITS)));
        Self { seats, shares: Shares::of(count_max), stop: watch::Sender::new(false), wait_max }
    }

    fn enter(&self, caller: &Caller) -> Result<(OwnedSemaphorePermit, Share), ApiError> {
        let seat = self.seats.clone().try_acquire_owned().ok();
        let place = seat.zip(self.shares.take(caller.name()));
        place.ok_or_else(|| ApiError::too_many_streams("streams of commands"))
    }

    /// Lets every stream answer what it has read, and end: the process is about to stop.
    pub(crate) fn close(&self) {
        self.stop.send_replace(true);
    }
}

/// `POST /v1/transfers/stream`
pub(crate) async fn stream(
    State(app): State<App>,
    auth::Writer(caller): auth::Writer,
    _: NoParams,
    trace: Trace,
    request: Request,
) -> Result<Response, ApiError> {
    if !is_media_type(request.headers(), NDJSON) {
        return Err(ApiError::field(
            ProblemCode::UnsupportedMediaType,
            "Content-Type",
            format!("must be {NDJSON}"),
        ));
    }
    let place = app.streams.enter(&caller)?;
    let (answers, pieces) = mpsc::channel(SEND_PIECES);
    let credential = bearer(request.headers()).ok().map(str::to_owned);
    let lines = Lines::new(request.into_body().into_data_stream());
    let origin = Origin { caller, trace };
    // A task of its own: it notices a client that does not read, which the body alone would not.
    tokio::spawn(async move {
        run(&app, &origin, credential.as_deref(), lines, answers).await;
        drop(place);
    });
    let body = Body::from_stream(unfold(pieces, |mut pieces| async move {
        let piece: Bytes = pieces.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), pieces))
    }));
    Ok(([(header::CONTENT_TYPE, NDJSON)], body).into_response())
}

/// Answers all lines, then says how it ended.
async fn run<S, E>(
    app: &App,
    origin: &Origin,
    credential: Option<&str>,
    lines: Lines<S>,
    answers: mpsc::Sender<Bytes>,
) where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let (window, pieces) = mpsc::channel(WINDOW_PIECES);
    let mut writer = Writer::new(app, origin, answers);
    let mut reader = Reader { app, origin, credential, lines, stop: app.streams.stop.subscribe() };
    let ending = {
        let writing = writer.write(pieces);
        let reading = reader.read(window);
        tokio::pin!(writing, reading);
        tokio::select! {
            // The client is gone, or a piece cannot be written.
            ending = &mut writing => ending,
            // The window is closed with it, and what is in it is still answered.
            ending = &mut reading => match writing.await {
                Ok(StreamEnding::Complete) => Ok(ending),
                other => other,
            },
        }
    };
    let rest_comes = !matches!(ending, Ok(StreamEnding::Complete) | Err(writer::Gone));
    writer.finish(ending).await;
    if rest_comes {
        // A connection that is closed while data come in is reset, and the client may lose the
        // line that says why.
        timeout(LINGER, reader.lines.drain()).await.ok();
    }
}

impl App {
    fn is_under_maintenance(&self) -> bool {
        self.switches.is_on(Switch::Maintenance)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn no_more_than_the_window_is_read_ahead_of_the_answers() {
        // These lines are wrong, so nobody asks the database.
        let app = App::new(&Config::new("postgres://nobody@127.0.0.1:1/none")).await.unwrap();
        let pulled = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&pulled);
        let frames = futures::stream::repeat_with(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ()>(Bytes::from_static(b"x\n"))
        });
        let (answers, mut sent) = mpsc::channel::<Bytes>(SEND_PIECES);
        let trace = Trace { correlation_id: None, traceparent: None };
        let origin = Origin { caller: Arc::new(Caller::anybody()), trace };
        let lines = Lines::new(Box::pin(frames));
        let task = tokio::spawn(async move { run(&app, &origin, None, lines, answers).await });

        let mut answered = 0;
        for _ in 0..20 {
            let (mut seen, mut before) = (0, usize::MAX);
            // Until it stands still.
            while seen != before {
                tokio::time::sleep(Duration::from_millis(25)).await;
                (before, seen) = (seen, pulled.load(Ordering::Relaxed));
            }
            assert_eq!(seen - answered, STREAM_WINDOW_LINES);
            answered += sent.recv().await.unwrap().split(|byte| *byte == b'\n').count() - 1;
        }
        // A client that is gone ends it.
        drop(sent);
        timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    }
}
