use serde::{Deserialize, Serialize};

use crate::BulkAnswer;

mod code;
pub use code::ProblemCode;

/// Content type of every error.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// An error as RFC 9457 has it. `code` is for programs; `detail` is for people and
/// may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Where the code is described.
    #[serde(rename = "type")]
    pub type_url: String,
    /// What the code means; the same for every problem with this code.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The path that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub instance: Option<String>,
    /// Stable name of the problem.
    pub code: ProblemCode,
    /// The fields, headers or parameters at fault; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Of `bulk_refused`: what is wrong with which command, in the order of the commands. Absent otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<BulkAnswer>,
    /// Of the request, as in the answer's `x-correlation-id` header.
    #[serde(default)]
    pub correlation_id: String,
}

/// What is wrong with one field, header or parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Its name; a path such as `metadata.tags[0]` inside a field.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl FieldError {
    /// A field and what is wrong with it.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

impl Problem {
    /// A problem with everything that follows from its code. Who answers the request
    /// adds instance and correlation id.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            type_url: code.type_url(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            instance: None,
            code,
            errors: Vec::new(),
            answers: Vec::new(),
            correlation_id: String::new(),
        }
    }

    /// A problem whose detail is what is wrong with its fields.
    pub fn with_errors(code: ProblemCode, errors: Vec<FieldError>) -> Self {
        let sentences: Vec<String> =
            errors.iter().map(|error| format!("{}: {}", error.field, error.detail)).collect();
        Self { errors, ..Self::new(code, sentences.join("; ")) }
    }
}
