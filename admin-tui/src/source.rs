//! Where the data come from: the operator API, or a recording of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use serde_json::value::RawValue;
use wire::Problem;

use crate::act::Method;
use crate::credential::Credential;
use crate::login::LoginError;
use crate::recording::Recording;

/// An operator waits no longer for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// A server that does not let us in within this time is away.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// The server says no, and why.
    #[error("{}", said(.0))]
    Problem(Box<Problem>),
    /// Nobody answers.
    #[error("{0} does not answer: {1}")]
    Away(String, String),
    /// Somebody answers, but not Holdfast.
    #[error("{0}: not an answer of Holdfast: {1}")]
    Strange(String, String),
    /// The recording has no such page.
    #[error("this is not in the recording: {0}")]
    NotRecorded(String),
    /// The login has ended.
    #[error("{0}; log in again: holdfast-admin login")]
    Login(#[from] LoginError),
    /// A recording cannot be changed.
    #[error("this is a recording; nothing can be changed")]
    Recording,
}

fn said(problem: &Problem) -> String {
    if problem.detail.is_empty() { problem.title.clone() } else { problem.detail.clone() }
}

impl SourceError {
    /// Whether the server was reached and said no.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status < 500)
    }
}

/// Where the data come from. Clones are the same.
#[derive(Debug, Clone)]
pub struct Source(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    spent: Spent,
}

#[derive(Debug)]
enum Kind {
    Live { client: reqwest::Client, address: String, credential: Credential },
    Recorded(Recording),
}

/// What this console has asked of the server.
#[derive(Debug, Default)]
struct Spent {
    requests: AtomicU64,
    bytes: AtomicU64,
    waited_us: AtomicU64,
}

/// What the console has cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Requests.
    pub requests: u64,
    /// Bytes of all answers.
    pub bytes: u64,
    /// Time from question to answer, summed up, in microseconds.
    pub waited_us: u64,
}

impl Source {
    /// The operator API at `address`, such as `https://holdfast.example:8081`.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn live(address: &str, credential: impl Into<Credential>) -> Result<Self, SourceError> {
        let address = address.trim_end_matches('/').to_owned();
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIME_MAX)
            .connect_timeout(CONNECT_TIME_MAX)
            .build()
            .map_err(|error| SourceError::Away(address.clone(), error.to_string()))?;
        let kind = Kind::Live { client, address, credential: credential.into() };
        Ok(Self(Arc::new(Inner { kind, spent: Spent::default() })))
    }

    /// Answers of earlier.
    pub fn recorded(recording: Recording) -> Self {
        Self(Arc::new(Inner { kind: Kind::Recorded(recording), spent: Spent::default() }))
    }

    /// The time: of a recording, when it was made, so that ages are those of then.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0.kind {
            Kind::Live { .. } => Utc::now(),
            Kind::Recorded(recording) => recording.recorded_at,
        }
    }

    /// What it is called on the screen.
    pub fn address(&self) -> &str {
        match &self.0.kind {
            Kind::Live { address, .. } => address,
            Kind::Recorded(_) => "a recording",
        }
    }

    /// Whether nothing can be changed here, whoever asks.
    pub fn is_recorded(&self) -> bool {
        matches!(self.0.kind, Kind::Recorded(_))
    }

    /// What it has cost so far.
    pub fn cost(&self) -> Cost {
        let spent = &self.0.spent;
        Cost {
            requests: spent.requests.load(Ordering::Relaxed),
            bytes: spent.bytes.load(Ordering::Relaxed),
            waited_us: spent.waited_us.load(Ordering::Relaxed),
        }
    }

    /// Reads a path with its query.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub async fn get(&self, path: &str) -> Result<Box<RawValue>, SourceError> {
        match &self.0.kind {
            Kind::Live { client, address, credential } => {
                let token = credential.token().await?;
                let request = client.get(format!("{address}{path}")).bearer_auth(token);
                self.send(address, request).await
            }
            Kind::Recorded(recording) => {
                let found = recording.answers.get(path).cloned();
                found.ok_or_else(|| SourceError::NotRecorded(path.to_owned()))
            }
        }
    }

    /// Asks for a change.
    ///
    /// # Errors
    /// See [`SourceError`]. After [`SourceError::Away`] it may have happened; all changes are
    /// idempotent, so it may be asked for again.
    pub async fn change(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Box<RawValue>, SourceError> {
        let Kind::Live { client, address, credential } = &self.0.kind else {
            return Err(SourceError::Recording);
        };
        let url = format!("{address}{path}");
        let request = match method {
            Method::Post => client.post(url),
            Method::Put => client.put(url),
        };
        let token = credential.token().await?;
        self.send(address, request.bearer_auth(token).json(body)).await
    }

    async fn send(
        &self,
        address: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<Box<RawValue>, SourceError> {
        let away = |error: reqwest::Error| {
            SourceError::Away(address.to_owned(), describe(&error.without_url()))
        };
        let began = Instant::now();
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_problem = kind.is_some_and(|kind| kind.starts_with(wire::PROBLEM_MEDIA_TYPE));
        let text = response.text().await.map_err(away)?;
        let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.spent.requests.fetch_add(1, Ordering::Relaxed);
        self.0.spent.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        self.0.spent.waited_us.fetch_add(waited, Ordering::Relaxed);

        let strange = |what: String| SourceError::Strange(address.to_owned(), what);
        if is_problem {
            let problem =
                serde_json::from_str(&text).map_err(|error| strange(error.to_string()))?;
            return Err(SourceError::Problem(Box::new(problem)));
        }
        if !status.is_success() {
            return Err(strange(format!("status {status}")));
        }
        RawValue::from_string(text).map_err(|error| strange(error.to_string()))
    }
}

/// An error and what is behind it, in one line.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}
