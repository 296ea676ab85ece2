//! Payouts over HTTP, as `docs/PROVIDERS.md` describes them.

use domain::answer::Answer;
use domain::ids::TransferId;
use domain::notice::{DECLINED, NoticeStatus};
use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::ProviderConfig;
use super::http::{Endpoint, OutsideError, exchange, read, unreadable};
use super::text::{code, reference, sentence};
use super::{PayoutOrder, PayoutProvider};

/// A provider that speaks our protocol.
#[derive(Debug)]
pub struct HttpPayouts {
    endpoint: Endpoint,
}

impl HttpPayouts {
    /// The one at this address. Nothing is sent yet.
    pub fn new(config: &ProviderConfig) -> Result<Self, OutsideError> {
        Ok(Self { endpoint: Endpoint::new(config)? })
    }
}

impl PayoutProvider for HttpPayouts {
    fn submit<'a>(&'a self, order: &'a PayoutOrder) -> BoxFuture<'a, Answer> {
        async move {
            let request = self
                .endpoint
                .client
                .post(self.endpoint.url("/payouts"))
                .header("Idempotency-Key", order.id.to_string())
                .json(&body(order));
            match exchange(request).await.settled() {
                Ok((status, body)) => submitted(status, &body),
                Err(answer) => answer,
            }
        }
        .boxed()
    }

    fn probe(&self, id: TransferId) -> BoxFuture<'_, Answer> {
        let request = self.endpoint.client.get(self.endpoint.url(&format!("/payouts/{id}")));
        async move {
            match exchange(request).await.settled() {
                Ok((status, body)) => probed(status, &body),
                Err(answer) => answer,
            }
        }
        .boxed()
    }
}

/// The body of `POST /payouts`.
#[derive(Serialize)]
struct Submission<'a> {
    payout_id: TransferId,
    source_wallet_id: domain::ids::WalletId,
    amount_minor: domain::money::Amount,
    currency: domain::money::Currency,
    reference: Option<&'a str>,
    beneficiary: &'a Value,
}

fn body(order: &PayoutOrder) -> Submission<'_> {
    Submission {
        payout_id: order.id,
        source_wallet_id: order.source,
        amount_minor: order.amount,
        currency: order.currency,
        reference: order.reference.as_deref(),
        beneficiary: &order.beneficiary,
    }
}

/// A payout as the provider has it.
#[derive(Deserialize)]
struct Payout {
    status: Standing,
    provider_reference: Option<String>,
    code: Option<String>,
    detail: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Standing {
    Ended(NoticeStatus),
    Open(Pending),
}

#[derive(Deserialize)]
enum Pending {
    #[serde(rename = "pending")]
    Pending,
}

/// What the provider has against a request.
#[derive(Deserialize)]
struct Objection {
    code: String,
    detail: Option<String>,
}

/// The code of a payout that the provider has never seen.
const NOT_FOUND: &str = "payout_not_found";

/// The answer to `POST /payouts`.
fn submitted(status: StatusCode, body: &[u8]) -> Answer {
    match status {
        StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => stands(status, body),
        // Only with a code of the protocol: a gateway in between says 400, too, and knows nothing.
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            match read::<Objection>(body) {
                Some(no) => declined(Some(&no.code), no.detail.as_deref()),
                None => unreadable(status),
            }
        }
        // Also 409: the key is there with another body, so something was done by that key.
        _ => Answer::Unknown { detail: format!("answered {status}") },
    }
}

/// The answer to `GET /payouts/{id}`.
fn probed(status: StatusCode, body: &[u8]) -> Answer {
    match status {
        StatusCode::OK => stands(status, body),
        // A wrong address says 404, too; that would make a second payout of every unknown one.
        StatusCode::NOT_FOUND => match read::<Objection>(body) {
            Some(no) if no.code == NOT_FOUND => Answer::NotFound,
            _ => unreadable(status),
        },
        _ => Answer::Unknown { detail: format!("answered {status}") },
    }
}

fn stands(status: StatusCode, body: &[u8]) -> Answer {
    let Some(payout) = read::<Payout>(body) else { return unreadable(status) };
    let provider_reference = reference(payout.provider_reference.as_deref());
    match payout.status {
        Standing::Ended(NoticeStatus::Declined) => {
            declined(payout.code.as_deref(), payout.detail.as_deref())
        }
        Standing::Ended(NoticeStatus::Paid) => Answer::Paid { provider_reference },
        Standing::Open(Pending::Pending) => Answer::Accepted { provider_reference },
    }
}

fn declined(their_code: Option<&str>, detail: Option<&str>) -> Answer {
    let detail = detail.map(sentence).filter(|text| !text.is_empty());
    Answer::Declined {
        code: code(their_code, DECLINED),
        detail: detail.unwrap_or_else(|| "The provider declined the payout.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(answer: &Answer) -> String {
        let json = serde_json::to_value(answer).unwrap();
        json["kind"].as_str().unwrap().to_owned()
    }

    #[test]
    fn every_answer_of_the_protocol_means_one_thing() {
        let (pending, paid) = (
            r#"{"status":"pending","provider_reference":"po_1"}"#,
            r#"{"status":"paid","provider_reference":"po_1","more":1}"#,
        );
        let declined = r#"{"status":"declined","code":"account_closed"}"#;
        let no = r#"{"code":"account_closed","detail":"x"}"#;
        let gone = r#"{"code":"payout_not_found"}"#;
        for (status, body, submitted_word, probed_word) in [
            (200, pending, "accepted", "accepted"),
            (202, pending, "accepted", "unknown"),
            (201, paid, "paid", "unknown"),
            (200, paid, "paid", "paid"),
            (200, declined, "declined", "declined"),
            (200, r#"{"status":"paid"}"#, "paid", "paid"),
            (200, r#"{"status":"pending","provider_reference":" "}"#, "accepted", "accepted"),
            (200, r#"{"provider_reference":"po_1"}"#, "unknown", "unknown"),
            (200, r#"{"status":"done","provider_reference":"po_1"}"#, "unknown", "unknown"),
            (200, "", "unknown", "unknown"),
            (204, "", "unknown", "unknown"),
            (302, paid, "unknown", "unknown"),
            (400, no, "declined", "unknown"),
            (400, "<html>bad gateway says no</html>", "unknown", "unknown"),
            (422, no, "declined", "unknown"),
            (404, gone, "unknown", "not_found"),
            (404, no, "unknown", "unknown"),
            (404, "not here", "unknown", "unknown"),
            (408, no, "unknown", "unknown"),
            (409, no, "unknown", "unknown"),
            (500, paid, "unknown", "unknown"),
            (503, no, "unknown", "unknown"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let body = body.as_bytes();
            assert_eq!(word(&submitted(status, body)), submitted_word, "submit {status}");
            assert_eq!(word(&probed(status, body)), probed_word, "probe {status}");
        }
    }

    #[test]
    fn a_reason_that_is_no_code_is_replaced_and_its_sentence_kept() {
        let body = br#"{"status":"declined","code":"No Such Account!","detail":"No\u0000such"}"#;
        assert_eq!(
            submitted(StatusCode::OK, body),
            Answer::Declined { code: DECLINED.to_owned(), detail: "No such".to_owned() }
        );
    }
}
