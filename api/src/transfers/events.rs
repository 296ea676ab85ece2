//! `GET /v1/transfers/{transfer_id}/events`: a transfer's changes as they happen, as Server-Sent
//! Events.
//!
//! Each event is the whole transfer with its timeline, so nothing is missed by who comes late or
//! comes back: changes that come together are one event. The stream ends with the final state.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use wire::ProblemCode;

use crate::auth::{Reader, bearer, is_told_why, seen};
use crate::error::ApiError;
use crate::extract::{Id, NoParams, TransferPath, header_once};
use crate::state::App;
use crate::watchers::{Seen, Watching};

const LAST_EVENT_ID: &str = "last-event-id";

/// `GET /v1/transfers/{transfer_id}/events`
pub(crate) async fn events(
    State(app): State<App>,
    Reader(caller): Reader,
    Id(id): TransferPath,
    _: NoParams,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last_id = header_once(&headers, LAST_EVENT_ID).map_err(|_| {
        let detail = "must be the id of an event, sent once";
        ApiError::field(ProblemCode::InvalidHeader, "Last-Event-ID", detail)
    })?;
    // Before the first look, so that no change falls between the two.
    let watching = app.watchers.enter(id, caller.name());
    let watching = watching.ok_or_else(|| ApiError::too_many_streams("watchers"))?;
    let writer = app.readers.writer();
    let transfer = store::transfers::get(writer, id).await?;
    let transfer = seen(&app, &caller, transfer).await?;
    let told_why = is_told_why(&app, &caller, transfer.source, transfer.kind).await?;
    let steps = store::transfers::steps(writer, id).await?;
    let now = Arc::new(Seen::of(transfer, steps));
    let known = last_id == Some(now.id.as_str());
    if known && now.is_final {
        // Tells an EventSource not to come back.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let credential = bearer(&headers).ok().map(str::to_owned);
    let follow = Follow { app, credential, told_why, watching, last: now, untold: !known };
    let events = stream::unfold(follow, |mut follow| async move {
        let event = follow.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), follow))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new()).into_response())
}

/// What a client has been told, and waits for.
struct Follow {
    app: App,
    /// What let the client in; none where nobody is asked.
    credential: Option<String>,
    /// Whether why it failed is for this client.
    told_why: bool,
    watching: Watching,
    /// The newest state.
    last: Arc<Seen>,
    /// Whether the client still has to be told of it.
    untold: bool,
}

impl Follow {
    /// The next event; none after the final state, when the client's key was revoked, and when the process is
    /// about to stop.
    async fn next(&mut self) -> Option<Event> {
        if !std::mem::take(&mut self.untold) {
            if self.last.is_final {
                return None;
            }
            loop {
                let seen = self.watching.next().await?;
                if seen.follows(&self.last) {
                    self.last = seen;
                    break;
                }
            }
        }
        if let Some(credential) = &self.credential
            && self.app.auth.is_revoked(credential).await
        {
            return None;
        }
        let event = Event::default().event("transfer").id(&self.last.id);
        Some(event.data(self.last.json(self.told_why)))
    }
}
