//! Screening over HTTP, as `docs/PROVIDERS.md` describes it.

use chrono::{DateTime, Utc};
use domain::answer::Answer;
use domain::ids::{TransferId, WalletId};
use domain::money::{Amount, Currency};
use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::ProviderConfig;
use super::http::{Endpoint, OutsideError, exchange, read, unreadable};
use super::text::{code, sentence};
use super::{Question, Screener};

/// The code of a denial without one.
const DENIED: &str = "denied_by_screening";

/// A screening service that speaks our protocol.
#[derive(Debug)]
pub struct HttpScreener {
    endpoint: Endpoint,
}

impl HttpScreener {
    /// The one at this address. Nothing is sent yet.
    pub fn new(config: &ProviderConfig) -> Result<Self, OutsideError> {
        Ok(Self { endpoint: Endpoint::new(config)? })
    }
}

impl Screener for HttpScreener {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        async move {
            let request = self
                .endpoint
                .client
                .post(self.endpoint.url("/screenings"))
                .header("Idempotency-Key", question.id.to_string())
                .json(&body(question));
            match exchange(request).await.settled() {
                Ok((status, body)) => screened(status, &body),
                Err(answer) => answer,
            }
        }
        .boxed()
    }
}

/// The body of `POST /screenings`.
#[derive(Serialize)]
struct Screening<'a> {
    transfer_id: TransferId,
    source_wallet_id: WalletId,
    amount_minor: Amount,
    currency: Currency,
    reference: Option<&'a str>,
    beneficiary: Option<&'a Value>,
    asked_at: DateTime<Utc>,
}

fn body(question: &Question) -> Screening<'_> {
    Screening {
        transfer_id: question.id,
        source_wallet_id: question.source,
        amount_minor: question.amount,
        currency: question.currency,
        reference: question.reference.as_deref(),
        beneficiary: question.beneficiary.as_ref(),
        asked_at: question.asked_at,
    }
}

#[derive(Deserialize)]
struct Decided {
    decision: Decision,
    code: Option<String>,
    detail: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Allow,
    Deny,
    Review,
}

/// Nothing happens by a screening, so an answer without a decision is only asked for again.
fn screened(status: StatusCode, body: &[u8]) -> Answer {
    if !matches!(status, StatusCode::OK | StatusCode::CREATED) {
        return Answer::Unknown { detail: format!("answered {status}") };
    }
    let Some(decided) = read::<Decided>(body) else { return unreadable(status) };
    let detail = decided.detail.as_deref().map(sentence).filter(|text| !text.is_empty());
    match decided.decision {
        Decision::Allow => Answer::Allowed,
        Decision::Deny => Answer::Denied {
            code: code(decided.code.as_deref(), DENIED),
            detail: detail.unwrap_or_else(|| "The screening denied the transfer.".to_owned()),
        },
        Decision::Review => Answer::Review {
            detail: detail.unwrap_or_else(|| "The screening asks for a person.".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_one_of_three() {
        let read = |status: u16, body: &str| {
            screened(StatusCode::from_u16(status).unwrap(), body.as_bytes())
        };
        assert_eq!(read(200, r#"{"decision":"allow"}"#), Answer::Allowed);
        assert_eq!(
            read(200, r#"{"decision":"deny","code":"on_a_list","detail":"It is on a list."}"#),
            Answer::Denied { code: "on_a_list".into(), detail: "It is on a list.".into() }
        );
        assert_eq!(
            read(201, r#"{"decision":"review","detail":""}"#),
            Answer::Review { detail: "The screening asks for a person.".into() }
        );
        for (status, body) in
            [(200, r#"{"decision":"maybe"}"#), (200, "yes"), (500, r#"{"decision":"allow"}"#)]
        {
            assert!(matches!(read(status, body), Answer::Unknown { .. }), "{status} {body}");
        }
    }
}
