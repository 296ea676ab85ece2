//! Screenings.

use chrono::Utc;
use domain::ids::{TransferId, WalletId};
use domain::money::Amount;
use futures::future::join_all;
use jobs::outside::{HttpScreener, Question, Screener};
use uuid::Uuid;

use super::{config, sandbox, word};
use crate::support::eur;

fn question(reference: Option<&str>, amount: i64) -> Question {
    Question {
        id: TransferId(Uuid::now_v7()),
        source: WalletId(Uuid::now_v7()),
        amount: Amount::new(amount).expect("an amount"),
        currency: eur(),
        reference: reference.map(str::to_owned),
        beneficiary: None,
        asked_at: Utc::now(),
    }
}

#[tokio::test]
async fn each_decision_is_one_answer_and_what_goes_wrong_is_asked_again() {
    let sandbox = sandbox().await;
    let screener = HttpScreener::new(&config(&sandbox.url())).expect("a client");
    let screener = &screener;
    let asked = [
        ("", "allowed", "allowed"),
        ("screen_deny", "denied", "denied"),
        ("screen_review", "review", "review"),
        ("screen_slow:100+screen_deny", "denied", "denied"),
        ("screen_timeout+screen_review", "unknown", "review"),
        ("screen_error", "unknown", "allowed"),
        ("screen_drop*2", "unknown", "unknown"),
        ("screen_busy+screen_deny", "not_sent", "denied"),
    ]
    .map(|(behavior, first, second)| async move {
        let reference = (!behavior.is_empty()).then(|| format!("sandbox:{behavior}"));
        let question = question(reference.as_deref(), 500);
        for expected in [first, second] {
            let answer = screener.ask(&question).await;
            assert_eq!(word(&answer), expected, "{behavior}: {answer:?}");
        }
    });
    join_all(asked).await;
    let by_amount = screener.ask(&question(Some("Rent"), 66_050)).await;
    assert_eq!(word(&by_amount), "denied");
    assert!(sandbox.payouts().iter().all(|record| record.executed_count == 0));
}
