//! A forecast says what the rules would do, and is what they then do.

use domain::failure::{Failure, FailureClass};
use domain::group::{
    Book, Boundaries, Fault, Faults, Forecast, NoFaults, OpenTransfer, Outlook, forecast,
};
use domain::money::MinorUnits;
use domain::saga::Step;
use domain::switch::{Switch, SwitchSet};
use domain::transfer::TransferStatus;

use crate::helpers::{
    Lane, Rows, STEPS, available, cash, closed, deposit, failure, frozen, transfer, wallet,
    wallet_id,
};

fn by_operator() -> Failure {
    Failure::new(FailureClass::Permanent, "compensated_by_operator", "A person turned it back.")
}

fn look(rows: &Rows, transfer: OpenTransfer, turn_back: Option<Failure>) -> (Forecast, Book) {
    let mut book = Book::new(rows.0.values().cloned());
    let lane = Lane::new(Boundaries::EveryStep, &NoFaults);
    let told = lane.with_rules(|rules| forecast(rules, transfer, turn_back, &mut book));
    (told, book)
}

/// A transfer of 40 that stands at `step`, and the rows that say so.
fn at(step: Step) -> (Rows, OpenTransfer) {
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let stepwise = Lane::new(Boundaries::EveryStep, &NoFaults);
    let mut open = transfer(1, 1, 2, 40);
    while open.step != step {
        open = rows.transact(|book| stepwise.advance(open.clone(), book)).0.transfer;
    }
    (rows, open)
}

#[test]
fn what_is_forecast_is_what_then_happens() {
    for step in STEPS {
        for turn_back in [None, Some(by_operator())] {
            let (mut rows, open) = at(*step);
            let (told, book) = look(&rows, open.clone(), turn_back.clone());
            let expected = if turn_back.is_some() {
                (Outlook::WouldFail, Some("compensated_by_operator".to_owned()))
            } else {
                (Outlook::WouldSettle, None)
            };
            assert_eq!((told.outlook, told.code.clone()), expected, "{step}");
            let sent = match turn_back {
                None => open,
                Some(cause) => OpenTransfer { step: Step::PlaceHold, undo_of: Some(cause), ..open },
            };
            let story = rows.drive(&Lane::default(), sent);
            assert_eq!(told.status, story.status());
            assert_eq!(told.hold, MinorUnits::ZERO);
            assert_eq!(told.log, story.log);
            for row in rows.0.values() {
                assert_eq!(book.wallet(row.id), Some(row), "{step}: the wallets agree");
            }
        }
    }
}

#[test]
fn a_rule_that_would_say_no_now_is_named() {
    let table = [
        ([frozen(wallet(1, 100)), wallet(2, 0)], "source_frozen"),
        ([wallet(1, 39), wallet(2, 0)], "insufficient_funds"),
        ([wallet(1, 100), closed(wallet(2, 0))], "destination_closed"),
    ];
    for (wallets, code) in table {
        let rows = Rows::new(wallets);
        let (told, book) = look(&rows, transfer(1, 1, 2, 40), None);
        assert_eq!((told.outlook, told.code.as_deref()), (Outlook::WouldBeRejected, Some(code)));
        let source = book.wallet(wallet_id(1)).expect("the source");
        assert_eq!(source.balances, rows.wallet(1).balances, "nothing is left held");
    }
}

#[test]
fn a_set_sees_what_the_ones_before_would_take() {
    use Outlook::{WouldBeRejected, WouldSettle};
    let mut book = Book::new([wallet(1, 100), wallet(2, 0)]);
    let tell = |book: &mut Book, n| {
        Lane::default().with_rules(|rules| forecast(rules, transfer(n, 1, 2, 40), None, book))
    };
    let outlooks = [1, 2, 3].map(|n| tell(&mut book, n).outlook);
    assert_eq!(outlooks, [WouldSettle, WouldSettle, WouldBeRejected]);
    assert_eq!(available(book.wallet(wallet_id(1)).expect("the source")), 20);
}

#[test]
fn a_deposit_is_forecast_on_the_shard_that_is_looked_at() {
    let rows = Rows::new([cash(0), wallet(2, 0)]);
    let (told, book) = look(&rows, deposit(1, 2, 40), None);
    assert_eq!(told.outlook, Outlook::WouldSettle);
    assert_eq!(available(book.wallet(wallet_id(2)).expect("the destination")), 40);
}

#[test]
fn one_that_turned_back_before_cannot_be_turned_back() {
    let (rows, open) = at(Step::Screen);
    let open = OpenTransfer {
        step: Step::PlaceHold,
        undo_of: Some(failure(FailureClass::Rejected)),
        ..open
    };
    let (told, book) = look(&rows, open.clone(), Some(by_operator()));
    let code = Some("already_compensating".to_owned());
    assert_eq!((told.outlook, told.code), (Outlook::WouldStickAgain, code));
    assert_eq!(told.hold, MinorUnits(40));
    assert_eq!(book.changes(), Ok(vec![]));
    // On its way back it goes on, and ends as what made it turn says.
    let (told, _) = look(&rows, open, None);
    assert_eq!((told.outlook, told.status), (Outlook::WouldBeRejected, TransferStatus::Rejected));
}

#[test]
fn a_broken_invariant_leaves_no_trace_in_the_book() {
    let rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    // It claims a hold of which the wallet knows nothing.
    let open =
        OpenTransfer { step: Step::PostEntry, hold: MinorUnits(40), ..transfer(1, 1, 2, 40) };
    let (told, book) = look(&rows, open, None);
    let code = Some("broken_invariant".to_owned());
    assert_eq!((told.outlook, told.code), (Outlook::WouldStickAgain, code));
    assert_eq!(book.changes(), Ok(vec![]));
}

/// Fails the screening.
struct Fails(FailureClass);

impl Faults for Fails {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        (step == Step::Screen && !undo).then(|| Fault::Fail(failure(self.0)))
    }
}

#[test]
fn a_failure_that_may_pass_is_waited_for() {
    for (class, outlook) in [
        (FailureClass::Transient, Outlook::WouldWait),
        (FailureClass::Permanent, Outlook::WouldFail),
    ] {
        let (rows, mut open) = at(Step::Screen);
        // Tries used before it stuck do not count.
        open.attempt = 4;
        let mut book = Book::new(rows.0.values().cloned());
        let faults = Fails(class);
        let lane = Lane::new(Boundaries::Fused, &faults);
        let told = lane.with_rules(|rules| forecast(rules, open, None, &mut book));
        assert_eq!((told.outlook, told.code.as_deref()), (outlook, Some("test_code")));
    }
}

#[test]
fn a_pause_is_something_to_wait_for() {
    let (rows, open) = at(Step::Screen);
    let mut lane = Lane::default();
    let switch = Switch::PauseStep(Step::PostEntry);
    lane.switches = SwitchSet::default().with(switch, true);
    let mut book = Book::new(rows.0.values().cloned());
    let told = lane.with_rules(|rules| forecast(rules, open, None, &mut book));
    assert_eq!((told.outlook, told.code), (Outlook::WouldWait, Some(switch.waiting_for())));
    assert_eq!((told.status, told.hold), (TransferStatus::Held, MinorUnits(40)));
}
