//! How a request fails: one type that becomes a problem document.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use store::wallets::ChangeError;
use store::{StoreError, Temper, describe};
use wire::signature::SIGNATURE_HEADER;
use wire::{BulkAnswer, FieldError, Problem, ProblemCode};

use crate::intake::IntakeError;

/// Maintenance takes minutes; a client that asks sooner only adds to the rush at its end.
const RETRY_AFTER_MAINTENANCE_S: u32 = 5;
/// A short outage is over by then; a longer one is not made worse.
const RETRY_AFTER_S: u32 = 1;

/// An answer that says no, or that we cannot. Boxed, because it stands in every `Result`.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Answer>);

#[derive(Debug)]
struct Answer {
    draft: Draft,
    /// Sent as `Retry-After`.
    retry_after_s: Option<u32>,
    /// Sent as `WWW-Authenticate`, when it is another one than usual.
    challenge: Option<String>,
}

/// What an answer takes along until [`crate::observe`] writes it: the document still
/// lacks correlation id and instance.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub problem: Problem,
    /// Why, for the log only; none when the client knows all there is to know.
    pub cause: Option<String>,
}

impl ApiError {
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::of(Problem::new(code, detail))
    }

    /// Says what is wrong with one field, header or parameter.
    pub(crate) fn field(code: ProblemCode, field: &str, detail: impl Into<String>) -> Self {
        Self::fields(code, vec![FieldError::new(field, detail)])
    }

    /// Says what is wrong with several.
    pub(crate) fn fields(code: ProblemCode, errors: Vec<FieldError>) -> Self {
        Self::of(Problem::with_errors(code, errors))
    }

    fn of(problem: Problem) -> Self {
        let draft = Draft { problem, cause: None };
        Self(Box::new(Answer { draft, retry_after_s: None, challenge: None }))
    }

    /// Adds the reason, for the log only.
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.0.draft.cause = Some(cause.into());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Says it in `WWW-Authenticate`, too, as RFC 6750 has it for programs.
    pub(crate) fn challenge(mut self, text: impl Into<String>) -> Self {
        self.0.challenge = Some(text.into());
        self
    }

    /// A bug of ours; the client learns no more than that.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let detail = "The request failed because of a fault in Holdfast. It has been logged.";
        Self::new(ProblemCode::InternalError, detail).because(cause)
    }

    pub(crate) fn wallet_not_found() -> Self {
        Self::new(ProblemCode::WalletNotFound, "There is no wallet with this id.")
    }

    pub(crate) fn transfer_not_found() -> Self {
        Self::new(ProblemCode::TransferNotFound, "There is no transfer with this id.")
    }

    pub(crate) fn key_reused() -> Self {
        Self::field(
            ProblemCode::IdempotencyKeyReused,
            "Idempotency-Key",
            "was used before, for a request with another body",
        )
    }

    /// One of the commands of a bulk request was refused, and so all are.
    pub(crate) fn bulk_refused(answers: Vec<BulkAnswer>) -> Self {
        let mut error = Self::bulk_neighbour();
        error.0.draft.problem.answers = answers;
        error
    }

    /// What a command is told that is refused for others' sake.
    pub(crate) fn bulk_neighbour() -> Self {
        let detail = "All commands of the request were to be accepted, and at least one cannot \
                      be. Nothing was written, and no idempotency key was used.";
        Self::new(ProblemCode::BulkRefused, detail)
    }

    /// This process serves as many long answers as it may.
    pub(crate) fn too_many_streams(what: &str) -> Self {
        let detail = format!(
            "This process serves as many {what} as it may, or as many as one caller may have. Try again later."
        );
        Self::new(ProblemCode::TooManyStreams, detail).retry_after(RETRY_AFTER_S)
    }

    /// The problem as a part of an answer that is about several requests.
    pub(crate) fn into_problem(self, correlation_id: &str) -> Problem {
        let Draft { mut problem, cause } = self.0.draft;
        if let Some(cause) = cause {
            tracing::warn!(
                correlation_id,
                problem.code = problem.code.as_str(),
                cause,
                "command refused"
            );
        }
        correlation_id.clone_into(&mut problem.correlation_id);
        problem
    }

    pub(crate) fn maintenance() -> Self {
        let detail = "Nothing new is taken for now; reads go on. Nothing was written. Send the same \
                      request again later, with the same idempotency key if it has one.";
        Self::new(ProblemCode::Maintenance, detail).retry_after(RETRY_AFTER_MAINTENANCE_S)
    }

    /// The key, owner or address asks too often.
    pub(crate) fn rate_limited(what: &str, seconds: u32) -> Self {
        let detail = format!("This {what} asks more often than it may. Nothing was written.");
        Self::new(ProblemCode::RateLimited, detail).retry_after(seconds)
    }

    /// This caller has as many requests in hand as one may.
    pub(crate) fn too_many_in_hand() -> Self {
        let detail = "You have as many requests in hand as one caller may. Nothing was written.";
        Self::new(ProblemCode::RateLimited, detail).retry_after(RETRY_AFTER_S)
    }

    /// This process has as many requests in hand as it may.
    pub(crate) fn no_room() -> Self {
        let detail = "This process has as many requests in hand as it may. Nothing was written.";
        Self::new(ProblemCode::Overloaded, detail).retry_after(RETRY_AFTER_S)
    }

    /// Nobody knows what became of the request.
    pub(crate) fn took_too_long(limit: Duration) -> Self {
        Self::unavailable(RETRY_AFTER_S).because(format!("no answer within {limit:?}"))
    }

    /// The database gives no answer.
    pub(crate) fn database_away() -> Self {
        Self::unavailable(RETRY_AFTER_S)
    }

    fn unavailable(retry_after_s: u32) -> Self {
        let detail = "The database does not answer. Send the same request again, with the same \
                      idempotency key if it has one.";
        Self::new(ProblemCode::Unavailable, detail).retry_after(retry_after_s)
    }

    fn refused() -> Self {
        let detail = "The database refused the request. It was not written.";
        Self::new(ProblemCode::CommandRefused, detail)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Answer { draft, retry_after_s, challenge } = *self.0;
        let status = StatusCode::from_u16(draft.problem.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = match draft.problem.code {
                ProblemCode::SignatureInvalid => SIGNATURE_HEADER,
                _ => "Bearer",
            };
            let scheme = HeaderValue::from_static(scheme);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(Ok(challenge)) = challenge.map(|text| HeaderValue::from_str(&text)) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(draft);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        (&error).into()
    }
}

/// One statement that failed may have been for several requests.
impl From<Arc<StoreError>> for ApiError {
    fn from(error: Arc<StoreError>) -> Self {
        (&*error).into()
    }
}

impl From<&StoreError> for ApiError {
    fn from(error: &StoreError) -> Self {
        let cause = describe(error);
        match error.temper() {
            Temper::Outage => Self::database_away().because(cause),
            // A SQLSTATE of class 22 or 23: the database refuses what the client sent.
            Temper::Data if error.sqlstate().is_some() => Self::refused().because(cause),
            Temper::Data | Temper::Bug => Self::internal(cause),
        }
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Overloaded { retry_after_s } => {
                let detail =
                    "More transfers are waiting than can be run in time. Nothing was written.";
                Self::new(ProblemCode::Overloaded, detail).retry_after(retry_after_s)
            }
            IntakeError::Unavailable { retry_after_s } => Self::unavailable(retry_after_s),
            IntakeError::Refused => Self::refused(),
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotFound => Self::wallet_not_found(),
            ChangeError::Closed => {
                Self::new(ProblemCode::WalletClosed, "The wallet is closed, which is final.")
            }
            ChangeError::NotEmpty { balance } => Self::new(
                ProblemCode::WalletNotEmpty,
                format!(
                    "The wallet holds {} minor units, of which {} are reserved.",
                    balance.ledger.0, balance.held.0
                ),
            ),
            ChangeError::Store(error) => error.into(),
        }
    }
}
