//! What the issuer offers, and its token endpoint.

use std::fmt;

use reqwest::{Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{ANSWER_TIME_MAX, Grant, LoginConfig, LoginError};
use crate::source::describe;

/// An issuer that has answered.
pub(super) struct Issuer<'a> {
    pub(super) config: &'a LoginConfig,
    pub(super) known: Known,
    client: Client,
}

/// What it says of itself (OpenID Connect Discovery 1.0).
#[derive(Deserialize)]
pub(super) struct Known {
    issuer: String,
    token_endpoint: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) device_authorization_endpoint: Option<String>,
}

/// Why it gives no token (RFC 6749, section 5.2).
#[derive(Deserialize)]
pub(super) struct No {
    pub(super) error: String,
    error_description: Option<String>,
}

impl fmt::Display for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error_description {
            Some(description) => write!(f, "{} ({})", description, self.error),
            None => f.write_str(&self.error),
        }
    }
}

impl<'a> Issuer<'a> {
    pub(super) async fn find(config: &'a LoginConfig) -> Result<Self, LoginError> {
        let name = &config.issuer;
        check(name, name)?;
        let away = |problem: &str| LoginError::Away(name.clone(), problem.to_owned());
        let client = Client::builder().timeout(ANSWER_TIME_MAX).build();
        let client = client.map_err(|error| away(&describe(&error)))?;
        let url = format!("{}/.well-known/openid-configuration", name.trim_end_matches('/'));
        let answer = client.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| away(&describe(&error.without_url())))?;
        let known: Known =
            answer.json().await.map_err(|error| away(&describe(&error.without_url())))?;
        // Otherwise one issuer could speak for another one.
        if known.issuer != *name {
            return Err(away(&format!("it calls itself {}", known.issuer)));
        }
        let endpoints = [&known.authorization_endpoint, &known.device_authorization_endpoint];
        for endpoint in endpoints.into_iter().flatten().chain([&known.token_endpoint]) {
            check(name, endpoint)?;
        }
        Ok(Self { config, known, client })
    }

    /// Asks the token endpoint.
    pub(super) async fn grant(
        &self,
        form: &[(&str, &str)],
    ) -> Result<Result<Grant, No>, LoginError> {
        self.ask(&self.known.token_endpoint, form).await
    }

    /// Sends a form, with what stands in each of them.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
    ) -> Result<Result<T, No>, LoginError> {
        let away = |problem: String| LoginError::Away(self.config.issuer.clone(), problem);
        let mut body = Url::parse(endpoint).map_err(|error| away(error.to_string()))?;
        let own = [("client_id", self.config.client_id.as_str())];
        body.query_pairs_mut().clear().extend_pairs(own).extend_pairs(form);
        let request = self
            .client
            .post(endpoint)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Accept", "application/json")
            .body(body.query().unwrap_or_default().to_owned());
        let failed = |error: reqwest::Error| away(describe(&error.without_url()));
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_success() {
            return answer.json().await.map(Ok).map_err(failed);
        }
        let no = answer.json().await.map_err(|_| away(format!("status {status}")))?;
        Ok(Err(no))
    }

    /// Scope and audience, as the first request of each way has them.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let audience = self.config.audience.as_deref().map(|audience| ("audience", audience));
        [("scope", self.config.scope.as_str())].into_iter().chain(audience)
    }
}

/// Tokens go over connections that nobody else can read.
fn check(issuer: &str, url: &str) -> Result<(), LoginError> {
    let parsed = Url::parse(url).ok();
    let is_loopback = |url: &Url| {
        url.host_str().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host))
    };
    let fits = |url: &Url| match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    };
    if parsed.as_ref().is_some_and(fits) {
        return Ok(());
    }
    if url == issuer {
        return Err(LoginError::Insecure(url.to_owned()));
    }
    Err(LoginError::Away(issuer.to_owned(), format!("it names {url}, which is not https")))
}
