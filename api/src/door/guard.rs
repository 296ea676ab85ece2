//! What each request has to pass.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use wire::ProblemCode;
use wire::limits::{HEADER_BYTES_MAX, HEADER_COUNT_MAX, URI_BYTES_MAX};

use super::InHand;
use super::address::counted;
use crate::auth::bearer;
use crate::error::ApiError;
use crate::state::App;

/// The other end of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub IpAddr);

/// Whose address a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The customers'.
    Customers,
    /// The operators'.
    Operators,
}

/// What tells how the process is. Asked by machines, and cheap.
const HEALTH: [&str; 3] = ["/health/live", "/health/started", "/health/ready"];

/// Longer than any request waits on purpose. What takes longer has lost its way.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// The middleware. Requests about health pass whatever else goes on: a process that is busy must not
/// be taken for a dead one.
pub(crate) async fn guard(
    State((app, side)): State<(App, Side)>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Err(error) = check_size(&request) {
        return error.into_response();
    }
    if HEALTH.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    if let Err(error) = check_rates(&app, &request) {
        return error.into_response();
    }
    let room = match side {
        Side::Customers => &app.door.customers,
        Side::Operators => &app.door.operators,
    };
    let Ok(_room) = room.try_acquire() else {
        app.door.refused.count("room");
        return ApiError::no_room().into_response();
    };
    let in_hand = InHand::default();
    request.extensions_mut().insert(in_hand.clone());
    // A body that is sent bit by bit goes on after this: it has limits of its own.
    let answered = tokio::time::timeout(ANSWER_MAX, next.run(request)).await;
    drop(in_hand);
    answered.unwrap_or_else(|_| ApiError::took_too_long(ANSWER_MAX).into_response())
}

fn check_size(request: &Request) -> Result<(), ApiError> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > URI_BYTES_MAX {
        let detail = format!("Path and query have {address} bytes; they may have {URI_BYTES_MAX}.");
        return Err(ApiError::new(ProblemCode::UriTooLong, detail));
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let count = headers.len();
    if bytes > HEADER_BYTES_MAX || count > HEADER_COUNT_MAX {
        let detail = format!(
            "There are {count} headers with {bytes} bytes; there may be {HEADER_COUNT_MAX} with \
             {HEADER_BYTES_MAX}."
        );
        return Err(ApiError::new(ProblemCode::HeadersTooLarge, detail));
    }
    Ok(())
}

fn check_rates(app: &App, request: &Request) -> Result<(), ApiError> {
    let door = &app.door;
    // Without a connection there is no peer: a test that calls the router itself.
    if let Some(Peer(peer)) = request.extensions().get() {
        let client = door.proxies.client(*peer, request.headers());
        door.admit_address(counted(client))?;
    }
    // However it is written, it is the same credential.
    match (bearer(request.headers()), request.headers().get(AUTHORIZATION)) {
        (Ok(credential), _) => door.admit_key(credential.as_bytes()),
        (Err(_), Some(unreadable)) => door.admit_key(unreadable.as_bytes()),
        (Err(_), None) => Ok(()),
    }
}
