//! HTTP to one provider: what came back, or what it means that nothing did.

use std::time::Duration;

use domain::answer::Answer;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use store::describe;

use super::config::ProviderConfig;
use super::text::sentence;
use super::watched::traced;

/// A connection that takes longer is not made: nothing was sent, and that is known. It is
/// never more than half of the whole time, or that would be over first and leave it unknown.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read. One that is larger is no answer of this protocol.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Connections are thrown away when they have rested this long, before the other side does:
/// one that breaks under a request leaves its outcome unknown.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// TLS is not to be had.
    #[error("cannot make a client for the provider {name}")]
    Client {
        /// Which one.
        name: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The token is no header.
    #[error("the token for the provider {0} cannot be sent")]
    Token(String),
}

/// One provider.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) client: Client,
    base: String,
}

/// What came of a request.
#[derive(Debug)]
pub(super) enum Reply {
    /// Surely nothing of it has reached the other side.
    NotSent(String),
    /// Some of it may have, and no answer was understood.
    Unknown(String),
    /// An answer, read to its end.
    Answered(StatusCode, Vec<u8>),
}

impl Endpoint {
    pub(super) fn new(config: &ProviderConfig) -> Result<Self, OutsideError> {
        // Without a provider of cryptography no client can be built. Who was first does not matter.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut headers = HeaderMap::new();
        if let Some(token) = &config.token {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.0));
            let mut value = value.map_err(|_| OutsideError::Token(config.name.clone()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut client = Client::builder()
            .default_headers(headers)
            .timeout(config.timeout)
            .connect_timeout(CONNECT_MAX.min(config.timeout / 2))
            .pool_idle_timeout(IDLE_MAX)
            .tcp_nodelay(true)
            // A redirect is no answer of this protocol, and nobody but us decides to ask again.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        if config.url.starts_with("http://") {
            // On the same network: no proxy, and nobody's certificates, which a small machine may lack.
            client = client.no_proxy().tls_certs_only([]);
        }
        let built = client.build();
        let client =
            built.map_err(|source| OutsideError::Client { name: config.name.clone(), source })?;
        Ok(Self { client, base: config.url.clone() })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Sends a request and reads the answer to its end.
pub(super) async fn exchange(request: RequestBuilder) -> Reply {
    let response = match traced(request).send().await {
        Ok(response) => response,
        Err(error) => return failed(error),
    };
    let status = response.status();
    match body(response).await {
        Ok(body) => Reply::Answered(status, body),
        Err(why) => Reply::Unknown(format!("{status}, but {why}")),
    }
}

/// A refused connection, a name that does not resolve, a handshake that fails or takes too
/// long: the request was still here. Anything else may have happened after its first byte.
fn failed(error: reqwest::Error) -> Reply {
    let (unsent, late) = (error.is_builder() || error.is_connect(), error.is_timeout());
    // The address may hold a password.
    let said = describe(&error.without_url());
    if unsent {
        Reply::NotSent(sentence(&format!("no connection: {said}")))
    } else if late {
        Reply::Unknown("no answer in time".to_owned())
    } else {
        Reply::Unknown(sentence(&format!("no answer: {said}")))
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(bytes),
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                bytes.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Err(format!("with more than {ANSWER_BYTES_MAX} bytes")),
            Err(error) if error.is_timeout() => return Err("not to its end in time".to_owned()),
            Err(_) => return Err("broken off".to_owned()),
        }
    }
}

impl Reply {
    /// What stands fast whatever the protocol: no answer, or one that says that the request
    /// was not looked at. Else status and body.
    pub(super) fn settled(self) -> Result<(StatusCode, Vec<u8>), Answer> {
        match self {
            Self::NotSent(detail) => Err(Answer::NotSent { detail }),
            Self::Unknown(detail) => Err(Answer::Unknown { detail }),
            Self::Answered(status, _) if turned_away(status) => {
                Err(Answer::NotSent { detail: format!("turned away with {status}") })
            }
            Self::Answered(status, body) => Ok((status, body)),
        }
    }
}

/// The protocol promises that nothing was done about a request with such an answer: not for
/// us, or not now.
fn turned_away(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::TOO_MANY_REQUESTS
    )
}

/// A JSON answer; none when it is not one of this protocol.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// An answer that cannot be made sense of.
pub(super) fn unreadable(status: StatusCode) -> Answer {
    Answer::Unknown { detail: format!("answered {status}, which cannot be read") }
}
