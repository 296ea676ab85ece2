//! The dead-letter desk: what people do about stuck transfers, and the audit of it.

use domain::dead_letter::DeskAct;
use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, OpenTransfer};
use domain::ids::{TransferId, WalletId};
use domain::operator::OperatorRole;
use domain::saga::Step;
use domain::transfer::TransferStatus;
use store::desk::{self, Balance, DeadLetter, Decision, DeskError};
use store::operators::Operator;

use crate::support::{World, rules, transfer};

mod acts;
mod audit;
mod filters;
mod parking;
mod races;
mod sending;

/// Fails one step, or its undo, with a class.
#[derive(Debug, Clone, Copy)]
struct Fails(Step, bool, FailureClass);

/// Every place where a saga can be stuck.
const PLACES: [Fails; 5] = [
    Fails(Step::PlaceHold, false, FailureClass::Transient),
    Fails(Step::Screen, false, FailureClass::Transient),
    Fails(Step::PostEntry, false, FailureClass::Transient),
    Fails(Step::PostEntry, false, FailureClass::Unknown),
    Fails(Step::PlaceHold, true, FailureClass::Permanent),
];

impl Faults for Fails {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        // The undo is reached by turning back at the screening.
        let class = match (step, undo) {
            here if here == (self.0, self.1) => self.2,
            (Step::Screen, false) if self.1 => FailureClass::Permanent,
            _ => return None,
        };
        Some(Fault::Fail(Failure::new(class, "injected", "Injected by a test.")))
    }
}

/// Every screening fails until all tries are used.
pub fn screening_fails() -> impl Faults + 'static {
    Fails(Step::Screen, false, FailureClass::Transient)
}

fn olga() -> Operator {
    Operator { name: "olga".to_owned(), role: OperatorRole::Operator }
}

/// A stuck transfer of 300 from a wallet with 1,000, and its dead letter.
async fn stuck(world: &World, mode: Boundaries, faults: Fails) -> (TransferId, DeadLetter) {
    let wallets = world.wallets(2, 1_000).await;
    let ids = world.accept(&[transfer(wallets[0], wallets[1], 300)]).await;
    world.drive(&rules(mode, faults), &ids).await;
    assert_eq!(world.status(ids[0]).await, TransferStatus::Stuck);
    (ids[0], letter_of(world, ids[0]).await)
}

/// The newest dead letter of a transfer.
async fn letter_of(world: &World, id: TransferId) -> DeadLetter {
    let letters = desk::of_transfer(&world.reads, id).await.expect("a list of dead letters");
    letters.into_iter().next().expect("a dead letter")
}

/// Does it as olga, with evidence where it must have some.
async fn act(world: &World, letter: &DeadLetter, act: DeskAct) -> Result<DeadLetter, DeskError> {
    let resolves = matches!(act, DeskAct::ResolveSettled | DeskAct::ResolveFailed);
    let evidence = resolves.then_some("booking 4711");
    let decision = Decision { act, actor: &olga(), reason: "as agreed", evidence };
    desk::act(&world.reads, letter.id, &decision).await
}

async fn balance(world: &World, wallet: WalletId) -> Balance {
    let read = store::wallets::balance(&world.reads, wallet).await.expect("a read");
    let now = read.expect("a wallet").0;
    Balance { ledger_minor: now.ledger, available_minor: now.available, held_minor: now.held }
}

/// No wallet has a hold, and the ledger is clean.
async fn assert_nothing_held(world: &World) {
    let held = "SELECT coalesce(sum(debits_pending), 0)::bigint FROM wallet_balance";
    assert_eq!(world.count(held).await, 0, "the hold is given back");
    world.assert_ledger_clean().await;
}
