//! Dead letters found by what they have in common.

use chrono::{DateTime, TimeDelta, Utc};
use domain::dead_letter::{DeadLetterStatus, DeskAct};
use domain::failure::FailureClass;
use domain::group::Boundaries;
use domain::ids::DeadLetterId;
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferKind;
use store::desk::{self, Filter};

use super::{PLACES, act, letter_of, olga, stuck};
use crate::support::{World, deposit, eur};

async fn found(world: &World, filter: &Filter) -> Vec<DeadLetterId> {
    let letters = desk::list(&world.reads, filter, 50).await.expect("a list of dead letters");
    letters.into_iter().map(|letter| letter.id).collect()
}

#[tokio::test]
async fn each_filter_finds_what_fits_it_and_nothing_else() {
    let world = World::new().await;
    let mut letters = Vec::new();
    for place in PLACES {
        letters.push(stuck(&world, Boundaries::Fused, place).await.1);
    }
    let wallet = world.wallets(1, 0).await[0];
    let id = world.accept(&[deposit(wallet, 50)]).await[0];
    desk::park(&world.reads, id, &olga(), "a look").await.expect("a parked deposit");
    letters.push(letter_of(&world, id).await);
    act(&world, &letters[0], DeskAct::Discard).await.expect("a discard");
    let all: Vec<DeadLetterId> = letters.iter().rev().map(|letter| letter.id).collect();
    let just = |places: &[usize]| -> Vec<DeadLetterId> {
        places.iter().rev().map(|place| letters[*place].id).collect()
    };
    let none = Filter::default;
    let at = |place: usize| letters[place].opened_at;
    let later = |time: DateTime<Utc>| Some(time + TimeDelta::microseconds(1));
    let table = [
        (none(), all.clone()),
        (Filter { status: Some(DeadLetterStatus::Discarded), ..none() }, just(&[0])),
        (Filter { status: Some(DeadLetterStatus::Open), ..none() }, just(&[1, 2, 3, 4, 5])),
        (Filter { saga: Some(TransferKind::Deposit), ..none() }, just(&[5])),
        (Filter { step: Some(Step::PostEntry), ..none() }, just(&[2, 3])),
        (Filter { failure_class: Some(FailureClass::Permanent), ..none() }, just(&[4, 5])),
        (Filter { fingerprint: Some(letters[1].fingerprint.clone()), ..none() }, just(&[1])),
        (Filter { wallet: letters[2].source_wallet_id, ..none() }, just(&[2])),
        (Filter { wallet: Some(wallet), ..none() }, just(&[5])),
        (Filter { reason: Some(StuckReason::ParkedByOperator), ..none() }, just(&[5])),
        (Filter { reason: Some(StuckReason::OutcomeUnknown), ..none() }, just(&[3])),
        (Filter { opened_from: Some(at(4)), ..none() }, just(&[4, 5])),
        (Filter { opened_from: later(at(4)), ..none() }, just(&[5])),
        (Filter { opened_to: Some(at(1)), ..none() }, just(&[0])),
        (Filter { opened_to: later(at(1)), ..none() }, just(&[0, 1])),
        (Filter { amount_min: Some(51), ..none() }, just(&[0, 1, 2, 3, 4])),
        (Filter { amount_min: Some(301), ..none() }, vec![]),
        (Filter { amount_max: Some(50), ..none() }, just(&[5])),
        (Filter { currency: Some(eur()), ..none() }, all.clone()),
        (Filter { currency: "USD".parse().ok(), ..none() }, vec![]),
        (Filter { before: Some(letters[2].id), ..none() }, just(&[0, 1])),
        (Filter { step: Some(Step::PlaceHold), amount_min: Some(300), ..none() }, just(&[0, 4])),
    ];
    for (filter, expected) in table {
        assert_eq!(found(&world, &filter).await, expected, "{filter:?}");
        let text = serde_json::to_string(&filter).expect("a filter as JSON");
        let again: Filter = serde_json::from_str(&text).expect("the same filter");
        assert_eq!(again, Filter { before: None, ..filter }, "{text}");
    }
    world.assert_ledger_clean().await;
}
