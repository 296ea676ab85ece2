//! Sagas that wait for somebody outside, on a real database: holds that are captured, payouts,
//! screening, reversals. The answers are written as those who bring them do.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::answer::Answer;
use domain::group::{Fault, Faults, NoFaults, OpenTransfer};
use domain::ids::{TransferId, WalletId};
use domain::money::MinorUnits;
use domain::saga::{Route, Step};
use domain::terms::{Beneficiary, HoldTerms, PayoutTerms, ReversalTerms, Terms};
use domain::transfer::{TransferKind, TransferStatus};
use domain::wallet::{SystemRole, system_wallet_id};
use store::answers;
use store::calls::{self, Lease};
use store::intake::NewTransfer;
use store::lane::LaneRules;

use crate::support::{BOTH_MODES, World, eur, rules, transfer};

mod harness;
mod http;
mod pauses;
mod races;

/// A transfer on terms.
fn on(kind: TransferKind, from: WalletId, to: WalletId, amount: i64, terms: Terms) -> NewTransfer {
    NewTransfer { kind, terms: Some(Box::new(terms)), ..transfer(from, to, amount) }
}

pub(super) fn manual(from: WalletId, to: WalletId, amount: i64, stays: TimeDelta) -> NewTransfer {
    let hold = Some(HoldTerms { expires_at: Utc::now() + stays, captured_minor: None });
    on(TransferKind::Transfer, from, to, amount, Terms { hold, ..Terms::default() })
}

pub(super) fn payout(from: WalletId, amount: i64) -> NewTransfer {
    let beneficiary =
        Beneficiary { name: "Ada".into(), account: "DE02120300000000202051".into(), bank: None };
    let payout = Some(PayoutTerms { beneficiary, provider_reference: None, submitted_at: None });
    let cash = system_wallet_id(SystemRole::Cash, eur(), 3);
    on(TransferKind::Payout, from, cash, amount, Terms { payout, ..Terms::default() })
}

pub(super) fn screened(from: WalletId, to: WalletId, amount: i64) -> NewTransfer {
    let terms = Terms { screen_outside: true, ..Terms::default() };
    on(TransferKind::Transfer, from, to, amount, terms)
}

pub(super) fn reversal(
    of: TransferId,
    moved: i64,
    from: WalletId,
    to: WalletId,
    amount: i64,
) -> NewTransfer {
    let reverses = Some(ReversalTerms { transfer_id: of, moved_minor: MinorUnits(moved) });
    on(TransferKind::Reversal, from, to, amount, Terms { reverses, ..Terms::default() })
}

impl World {
    /// Advances transfers until each is at its end, parked, or waits for somebody outside.
    pub(super) async fn drive_to_wait(&self, rules: &LaneRules, ids: &[TransferId]) {
        let uuids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let open = "SELECT count(*) FROM saga_open WHERE transfer_id = ANY($1)
            AND parked_reason IS NULL AND waiting_for IS NULL";
        loop {
            let mut connection = self.hot.acquire().await.expect("a connection");
            for ids in ids.chunks(200) {
                store::lane::advance(&mut connection, rules, ids, true).await.expect("a group");
            }
            let left: i64 = sqlx::query_scalar(open)
                .bind(&uuids)
                .fetch_one(&self.reads)
                .await
                .expect("a count");
            if left == 0 {
                return;
            }
        }
    }

    /// Makes the call that the transfer waits for, with this outcome. False when it waits for none.
    async fn call(&self, id: TransferId, outcome: &Answer) -> bool {
        let mut connection = self.hot.acquire().await.expect("a connection");
        let lease = Duration::from_secs(30);
        let Some(call) = calls::take(&mut connection, id, lease).await.expect("a lease") else {
            return false;
        };
        let again = calls::take(&mut connection, id, lease).await.expect("no lease");
        assert!(again.is_none(), "two callers at once");
        let lease = call.lease();
        // A caller of another step, who has slept for long, has no say.
        let stale = Lease { step: Step::PlaceHold, ..lease };
        assert!(!calls::answer(&mut connection, stale, outcome).await.expect("no answer"));
        let answered = calls::answer(&mut connection, lease, outcome).await;
        assert!(answered.expect("an answer"), "the lease is held");
        let late = calls::answer(&mut connection, lease, outcome).await.expect("an answer");
        assert!(!late, "an answer is written once");
        true
    }

    /// Brings the transfer to its end: each time that it waits, the next of these is what comes.
    pub(super) async fn play(&self, rules: &LaneRules, id: TransferId, answers: &[Answer]) {
        self.drive_to_wait(rules, &[id]).await;
        for answer in answers {
            if !self.call(id, answer).await {
                let mut connection = self.hot.acquire().await.expect("a connection");
                let any: Vec<_> = domain::answer::Awaited::ALL.to_vec();
                answers::post(&mut connection, id, &any, answer).await.expect("an answer");
            }
            self.drive_to_wait(rules, &[id]).await;
        }
    }

    async fn state(&self, id: TransferId) -> (TransferStatus, Option<String>) {
        let transfer = self.transfer(id).await;
        (transfer.status, transfer.failure.map(|failure| failure.code))
    }
}
