//! The OpenAPI 3.1 documents: one of what clients call, one of what operators call.
//!
//! Schemas come from the wire types themselves, by derive. What an operation takes and says is
//! a table beside the router, because our extractors and problem codes are nothing that a macro
//! could read off a handler. Tests hold the table to the router, to the wire types and to what
//! the API really answers, so that none of them can say something else.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

mod clients;
mod document;
mod examples;
mod operation;
mod operators;
mod page;
mod params;
mod problems;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use page::{page, script, style};

/// The document of what clients call.
pub fn public() -> Value {
    document::build(&document::PUBLIC, &clients::operations())
}

/// The document of what operators call.
pub fn admin() -> Value {
    document::build(&document::ADMIN, &operators::operations())
}

static PUBLIC: LazyLock<String> = LazyLock::new(|| public().to_string());
static ADMIN: LazyLock<String> = LazyLock::new(|| admin().to_string());

/// `GET /openapi.json` on the public address. Made when it is asked for first.
pub(crate) async fn public_document(_: Request) -> Response {
    served(&PUBLIC)
}

/// `GET /openapi.json` on the address of operators. It names routes, not data, so it needs no token.
pub(crate) async fn admin_document(_: Request) -> Response {
    served(&ADMIN)
}

fn served(document: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], document)
        .into_response()
}
