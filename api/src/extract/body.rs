use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use wire::ProblemCode;
use wire::limits::BODY_BYTES_MAX;

use crate::error::ApiError;

/// A client that needs longer to send 64 KiB holds a connection for nothing.
const RECEIVE_MAX: Duration = Duration::from_secs(15);

/// A JSON body. A route with another limit than the usual one has a layer of its own for it, too.
pub(crate) struct Body<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub T);

impl<S: Send + Sync, T: DeserializeOwned, const BYTES_MAX: usize> FromRequest<S>
    for Body<T, BYTES_MAX>
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let RawBody(bytes) = RawBody::<BYTES_MAX>::from_request(request, state).await?;
        read_object(&bytes).map(Self)
    }
}

/// The bytes of a JSON body, for whoever must look at them before they are read.
pub(crate) struct RawBody<const BYTES_MAX: usize = BODY_BYTES_MAX>(pub Bytes);

impl<S: Send + Sync, const BYTES_MAX: usize> FromRequest<S> for RawBody<BYTES_MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_media_type(request.headers(), "application/json") {
            return Err(ApiError::field(
                ProblemCode::UnsupportedMediaType,
                "Content-Type",
                "must be application/json",
            ));
        }
        let received = tokio::time::timeout(RECEIVE_MAX, Bytes::from_request(request, state)).await;
        let unreadable = |detail: String| ApiError::new(ProblemCode::BodyUnreadable, detail);
        match received {
            Ok(Ok(bytes)) => Ok(Self(bytes)),
            Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = format!("The body has more than {BYTES_MAX} bytes.");
                Err(ApiError::new(ProblemCode::BodyTooLarge, detail))
            }
            Ok(Err(_)) => Err(unreadable("The body broke off or is encoded wrongly.".into())),
            Err(_) => {
                let seconds = RECEIVE_MAX.as_secs();
                Err(unreadable(format!("The body did not arrive within {seconds} seconds.")))
            }
        }
    }
}

/// Reads a JSON object, and says what is wrong with one that cannot be read.
pub(crate) fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would take an array, too, with the fields in their order.
    let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
    match serde_json::from_slice(bytes) {
        Ok(value) if is_object => Ok(value),
        _ => Err(diagnose::<T>(bytes, is_object)),
    }
}

/// Whether the body is said to be of this type, with or without parameters.
pub(crate) fn is_media_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(wanted))
}

/// Reads a wrong body again, slowly, to say which field is wrong.
fn diagnose<T: DeserializeOwned>(bytes: &[u8], is_object: bool) -> ApiError {
    if !is_object && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        return ApiError::field(ProblemCode::InvalidBody, "body", "must be a JSON object");
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut reader) else {
        // The value is right, so something stands behind it.
        return ApiError::new(ProblemCode::MalformedJson, "More follows the JSON object.");
    };
    let path = error.path().to_string();
    let inner = error.into_inner();
    let (line, column) = (inner.line(), inner.column());
    let mut message = inner.to_string();
    // serde_json repeats the place at the end; only the log of a parser needs that.
    if let Some(place) = message.rfind(" at line ") {
        message.truncate(place);
    }
    if message.contains("recursion limit exceeded") {
        let field = path.split(['.', '[']).next().unwrap_or_default();
        return ApiError::field(ProblemCode::InvalidBody, field, "is nested too deep");
    }
    if !inner.is_data() {
        let detail = format!("{}, at line {line}, column {column}.", sentence(&message));
        return ApiError::new(ProblemCode::MalformedJson, detail);
    }
    // serde names the field only in its sentence; the path ends at the object that it is in.
    let inside = |field: &str| match path.as_str() {
        "." => field.to_owned(),
        parent if parent == field || parent.ends_with(&format!(".{field}")) => parent.to_owned(),
        parent => format!("{parent}.{field}"),
    };
    for (start, detail) in [
        ("unknown field `", "is not known here"),
        ("missing field `", "is required"),
        ("duplicate field `", "is given twice"),
    ] {
        if let Some(rest) = message.strip_prefix(start) {
            let end = rest.rfind("`, expected").or_else(|| rest.rfind("`, there are no"));
            let end = end.or_else(|| rest.find('`')).unwrap_or(rest.len());
            let field = rest.get(..end).unwrap_or(rest);
            return ApiError::field(ProblemCode::InvalidBody, &inside(field), detail);
        }
    }
    let field = if path == "." { "body" } else { &path };
    let message = message.replace("expected i64", "expected a whole number");
    ApiError::field(ProblemCode::InvalidBody, field, message)
}

fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
