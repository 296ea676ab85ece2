//! The door that an operator closes: nothing new is written, reads go on.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::switch::Switch;

use crate::error::ApiError;
use crate::state::App;

/// Every route of clients that is no read changes something. A replay of a key that is
/// known is turned away, too: finding that out would need the database that is being
/// looked after.
pub(crate) async fn door(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && app.switches.is_on(Switch::Maintenance) {
        return ApiError::maintenance().into_response();
    }
    next.run(request).await
}
