use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use wire::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use wire::{FieldError, ProblemCode};

use crate::cursor::Cursor;
use crate::error::ApiError;

/// The query string, each parameter of which a handler takes by name. What nobody
/// took is unknown and refused: a misspelled filter would silently filter nothing.
pub(crate) struct Params {
    left: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(left) = query.map_err(|error| {
            ApiError::field(ProblemCode::InvalidParameter, "query", error.body_text())
        })?;
        Ok(Self { left, errors: Vec::new() })
    }
}

impl Params {
    /// A parameter as text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let mut found = self.left.extract_if(.., |one| one.0 == name).map(|one| one.1);
        let (value, again) = (found.next()?, found.next().is_some());
        drop(found);
        if again {
            self.errors.push(FieldError::new(name, "must be given once"));
            return None;
        }
        if value.contains('\0') {
            self.errors.push(FieldError::new(name, "must not contain U+0000"));
            return None;
        }
        Some(value)
    }

    /// A parameter that `read` understands; `wanted` says what that is.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            self.errors.push(FieldError::new(name, wanted));
        }
        value
    }

    /// One of these words.
    pub(crate) fn word<T: FromStr + Display>(&mut self, name: &str, all: &[T]) -> Option<T> {
        let words: Vec<String> = all.iter().map(ToString::to_string).collect();
        let wanted = format!("must be one of {}", words.join(", "));
        self.read(name, &wanted, |text| text.parse().ok())
    }

    /// An id.
    pub(crate) fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.read(name, "must be a UUID", |text| text.parse().ok())
    }

    /// How many items, and where the page begins.
    pub(crate) fn page<C: Cursor>(&mut self) -> (u64, Option<C>) {
        let wanted = format!("must be a whole number from 1 to {PAGE_ITEMS_MAX}");
        let limit = self.read("limit", &wanted, |text| {
            text.parse().ok().filter(|limit| (1..=PAGE_ITEMS_MAX).contains(limit))
        });
        let cursor = self.read("cursor", "must be the next_cursor of a page", C::decode);
        (limit.unwrap_or(PAGE_ITEMS_DEFAULT), cursor)
    }

    /// Says what was wrong, once every known parameter has been taken.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        let Self { left, mut errors } = self;
        errors.extend(left.into_iter().map(|one| FieldError::new(one.0, "is not known here")));
        if errors.is_empty() {
            return Ok(());
        }
        Err(ApiError::fields(ProblemCode::InvalidParameter, errors))
    }
}

/// A call that takes no parameters.
pub(crate) struct NoParams;

impl<S: Send + Sync> FromRequestParts<S> for NoParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            Params::from_request_parts(parts, state).await?.finish()?;
        }
        Ok(Self)
    }
}
