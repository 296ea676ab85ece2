//! Notices about payouts, sent as a provider sends them: signed, and again until they are taken.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use domain::ids::TransferId;
use domain::notice::NoticeStatus;
use serde::Serialize;
use tokio::time::sleep;
use wire::ProviderNotice;
use wire::signature::{SIGNATURE_HEADER, Secret};

use super::book::{Record, Status};
use crate::client::{ClientError, http};

/// Tries of one notice; after that a real provider's people would be told.
const TRIES_MAX: u32 = 12;
/// Pause after the first try; it doubles with each.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The longest that an answer is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A notice that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentNotice {
    /// Key of the payout.
    pub key: String,
    /// What it said.
    pub status: NoticeStatus,
    /// Whether it was signed with a wrong secret.
    pub forged: bool,
    /// Tries so far.
    pub tries: u32,
    /// The last answer; null when none came.
    pub answered: Option<u16>,
}

/// Sends notices; clones share what was sent.
#[derive(Clone)]
pub(super) struct Notifier(Option<Arc<Sender>>);

struct Sender {
    http: reqwest::Client,
    url: String,
    secret: Secret,
    /// Nobody knows it.
    wrong: Secret,
    sent: Mutex<Vec<SentNotice>>,
}

impl Notifier {
    /// Without an address nothing is ever sent.
    pub(super) fn new(notices: Option<(String, Secret)>) -> Result<Self, ClientError> {
        let Some((url, secret)) = notices else { return Ok(Self(None)) };
        let unknown = format!("{}{}", uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        // Long enough, so that there is one.
        let wrong = Secret::new(&unknown).unwrap_or_else(|_| secret.clone());
        let sender = Sender { http: http(ANSWER_MAX)?, url, secret, wrong, sent: Mutex::default() };
        Ok(Self(Some(Arc::new(sender))))
    }

    /// Everything that was sent.
    pub(super) fn sent(&self) -> Vec<SentNotice> {
        let Self(Some(sender)) = self else { return Vec::new() };
        sender.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the truth about a payout that is at its end, until it is taken.
    pub(super) async fn tell(&self, record: &Record) {
        let status = match record.status {
            Status::Paid => NoticeStatus::Paid,
            Status::Declined => NoticeStatus::Declined,
            Status::Unknown | Status::Pending => return,
        };
        self.send(record, status, false).await;
    }

    /// Tells a payout that was not made from one that was, wrongly, with a wrong signature.
    pub(super) async fn lie(&self, record: &Record) {
        let status = match record.status {
            Status::Paid => NoticeStatus::Declined,
            Status::Declined => NoticeStatus::Paid,
            Status::Unknown | Status::Pending => return,
        };
        self.send(record, status, true).await;
    }

    async fn send(&self, record: &Record, status: NoticeStatus, forged: bool) {
        let (Self(Some(sender)), Ok(id)) = (self, record.key.parse::<TransferId>()) else {
            return;
        };
        let declined = status == NoticeStatus::Declined;
        let notice = ProviderNotice {
            payout_id: id,
            status,
            provider_reference: record.provider_reference.clone(),
            code: declined.then(|| super::routes::DECLINED_CODE.to_owned()),
            detail: declined.then(|| super::routes::DECLINED_DETAIL.to_owned()),
            at: Utc::now(),
        };
        let Ok(body) = serde_json::to_vec(&notice) else { return };
        let place = sender.note(SentNotice {
            key: record.key.clone(),
            status,
            forged,
            tries: 0,
            answered: None,
        });
        let mut pause = PAUSE_MIN;
        for _ in 0..TRIES_MAX {
            let secret = if forged { &sender.wrong } else { &sender.secret };
            let request = sender
                .http
                .post(&sender.url)
                .header("content-type", "application/json")
                .header(SIGNATURE_HEADER, secret.sign(Utc::now().timestamp(), &body))
                .body(body.clone());
            let answered = request.send().await.ok().map(|answer| answer.status().as_u16());
            sender.answered(place, answered);
            // What is refused for good stays refused; all else may pass.
            if answered.is_some_and(|status| status < 500 && status != 429) {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

impl Sender {
    fn note(&self, notice: SentNotice) -> usize {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push(notice);
        sent.len() - 1
    }

    fn answered(&self, place: usize, answered: Option<u16>) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notice) = sent.get_mut(place) {
            notice.tries += 1;
            notice.answered = answered;
        }
    }
}
