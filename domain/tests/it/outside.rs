//! Sagas that wait for somebody outside: which steps they take, and what each answer does.

use std::slice;

use chrono::TimeDelta;
use domain::answer::{Answer, Awaited};
use domain::dead_letter::{DeskAct, Refusal};
use domain::failure::{Failure, FailureClass};
use domain::group::{Advanced, Book, Boundaries, NoFaults, OpenTransfer, Progress};
use domain::money::MinorUnits;
use domain::saga::{Resolution, Route, Step, StuckReason};
use domain::terms::{Beneficiary, HoldTerms, PayoutTerms, ReversalTerms, Terms};
use domain::transfer::{TransferKind, TransferStatus};

use crate::helpers::{Lane, Rows, ledger, transfer, transfer_id, wallet};

fn with(kind: TransferKind, terms: Terms) -> OpenTransfer {
    OpenTransfer { kind, terms: Some(Box::new(terms)), ..transfer(1, 1, 2, 40) }
}

fn payout() -> OpenTransfer {
    let beneficiary =
        Beneficiary { name: "Ada".into(), account: "DE02120300000000202051".into(), bank: None };
    let payout = PayoutTerms { beneficiary, provider_reference: None, submitted_at: None };
    with(TransferKind::Payout, Terms { payout: Some(payout), ..Terms::default() })
}

fn manual(lane: &Lane) -> OpenTransfer {
    let expires_at = lane.now + TimeDelta::hours(1);
    let hold = Some(HoldTerms { expires_at, captured_minor: None });
    with(TransferKind::Transfer, Terms { hold, ..Terms::default() })
}

fn paid() -> Answer {
    Answer::Paid { provider_reference: Some("p-1".into()) }
}

/// Wallets with 100 and 0, and what one transaction after the other makes of the transfer:
/// each answer is given once it is waited for.
fn run(lane: &Lane, mut open: OpenTransfer, answers: &[Answer]) -> (Rows, Advanced) {
    let mut rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
    let mut left = answers.iter();
    loop {
        let (advanced, _) = rows.transact(|book| lane.advance(open.clone(), book));
        open = advanced.transfer.clone();
        match (&advanced.progress, left.as_slice()) {
            (Progress::Ready, _) => {}
            (Progress::Awaits { .. } | Progress::Waiting(_), [_, ..]) => {
                open.answer = left.next().cloned();
            }
            _ => return (rows, advanced),
        }
    }
}

fn held(rows: &Rows, n: u128) -> i64 {
    rows.wallet(n).balances.debits_pending.0
}

fn in_both_modes(test: impl Fn(&Lane)) {
    for boundaries in [Boundaries::Fused, Boundaries::EveryStep] {
        test(&Lane { boundaries, ..Lane::default() });
    }
}

#[test]
fn each_route_takes_its_steps_in_their_order_and_turns_back_before_its_pivot() {
    use Step::*;
    let plain = |kind| Route::plain(kind);
    let all = |kind| Route { screen_outside: true, manual_capture: true, ..plain(kind) };
    for (route, steps, pivot) in [
        (plain(TransferKind::Transfer), vec![PlaceHold, Screen, PostEntry], PostEntry),
        (plain(TransferKind::Deposit), vec![PlaceHold, Screen, PostEntry], PostEntry),
        (plain(TransferKind::Reversal), vec![PlaceHold, Screen, PostEntry], PostEntry),
        (
            all(TransferKind::Transfer),
            vec![PlaceHold, Screen, ScreenOutside, AwaitCapture, PostEntry],
            PostEntry,
        ),
        (
            plain(TransferKind::Payout),
            vec![PlaceHold, Screen, SubmitPayout, ConfirmPayout, PostEntry],
            ConfirmPayout,
        ),
        (all(TransferKind::Payout), Step::ALL.to_vec(), ConfirmPayout),
    ] {
        assert_eq!(route.steps().collect::<Vec<_>>(), steps, "{route:?}");
        assert_eq!(route.pivot(), pivot);
        for (place, &step) in steps.iter().enumerate() {
            assert_eq!(route.next(step), steps.get(place + 1).copied());
            assert_eq!(route.previous(step), place.checked_sub(1).map(|place| steps[place]));
            assert_eq!(route.done_before(step), steps[..place]);
            let after = steps[..place].contains(&pivot);
            assert_eq!(route.is_after_pivot(step), after, "{step}");
        }
    }
}

#[test]
fn a_payout_waits_for_a_call_then_for_confirmation_and_settles() {
    in_both_modes(|lane| {
        let (_, waits) = run(lane, payout(), &[]);
        assert_eq!(waits.progress, Progress::Awaits { what: Awaited::Call, until: lane.now });
        assert_eq!(waits.status, TransferStatus::Held);
        let accepted = Answer::Accepted { provider_reference: Some("p-1".into()) };
        let (_, waits) = run(lane, payout(), slice::from_ref(&accepted));
        assert!(matches!(waits.progress, Progress::Awaits { what: Awaited::Confirmation, .. }));
        let (rows, settled) = run(lane, payout(), &[accepted, Answer::Pending, paid()]);
        assert_eq!((settled.progress, settled.status), (Progress::Final, TransferStatus::Settled));
        assert_eq!((ledger(rows.wallet(1)), ledger(rows.wallet(2)), held(&rows, 1)), (60, 40, 0));
        let payout = settled.transfer.terms.and_then(|terms| terms.payout).expect("its terms");
        assert_eq!(payout.provider_reference.as_deref(), Some("p-1"));
    });
}

#[test]
fn a_payout_that_is_paid_at_once_needs_no_other_confirmation() {
    in_both_modes(|lane| {
        let (rows, settled) = run(lane, payout(), &[paid()]);
        assert_eq!(settled.status, TransferStatus::Settled);
        assert_eq!((ledger(rows.wallet(1)), held(&rows, 1)), (60, 0));
    });
}

#[test]
fn a_payout_that_is_declined_early_or_late_gives_the_hold_back() {
    let declined = || Answer::Declined { code: "closed".into(), detail: "Closed.".into() };
    in_both_modes(|lane| {
        let accepted = Answer::Accepted { provider_reference: None };
        for answers in [vec![declined()], vec![accepted, declined()]] {
            let (rows, failed) = run(lane, payout(), &answers);
            assert_eq!(failed.status, TransferStatus::Failed);
            assert_eq!(failed.failure.expect("a failure").code, "payout_declined");
            assert_eq!((ledger(rows.wallet(1)), held(&rows, 1)), (100, 0));
        }
    });
}

#[test]
fn an_unknown_outcome_is_asked_about_again_and_never_gives_the_hold_back() {
    let unknown = Answer::Unknown { detail: "timed out".into() };
    in_both_modes(|lane| {
        let (rows, waits) = run(lane, payout(), slice::from_ref(&unknown));
        assert!(matches!(waits.progress, Progress::Waiting(_)), "{:?}", waits.progress);
        assert_eq!(held(&rows, 1), 40);
        let (rows, settled) = run(lane, payout(), &[unknown.clone(), Answer::NotFound, paid()]);
        assert_eq!(settled.status, TransferStatus::Settled);
        assert_eq!(ledger(rows.wallet(1)), 60);
        let (rows, stuck) = run(lane, payout(), &vec![unknown.clone(); 100]);
        assert_eq!((stuck.status, held(&rows, 1)), (TransferStatus::Stuck, 40));
        assert_eq!(stuck.failure.expect("a failure").class, FailureClass::Unknown);
    });
}

#[test]
fn a_payout_without_news_is_asked_about_with_pauses_also_after_a_failure() {
    in_both_modes(|lane| {
        let accepted = Answer::Accepted { provider_reference: None };
        let every = lane.now + TimeDelta::seconds(30);
        // The provider has lost it, and has it again: it is asked at once, and then with pauses.
        let (_, waits) = run(lane, payout(), &[accepted.clone(), Answer::NotFound]);
        assert!(matches!(waits.progress, Progress::Waiting(_)), "{:?}", waits.progress);
        let again = OpenTransfer { answer: None, ..waits.transfer };
        let mut book = Book::new([wallet(1, 100), wallet(2, 0)]);
        let asks = lane.advance(again, &mut book);
        assert_eq!(asks.progress, Progress::Awaits { what: Awaited::Call, until: lane.now });
        let away = Answer::NotSent { detail: "refused".into() };
        for answer in [Answer::Pending, Answer::Unknown { detail: "500".into() }, away] {
            let told = OpenTransfer { answer: Some(answer), ..asks.transfer.clone() };
            let waits = lane.advance(told, &mut book);
            let paused = Progress::Awaits { what: Awaited::Confirmation, until: every };
            assert_eq!((waits.progress, waits.transfer.answer), (paused, None));
        }
    });
}

#[test]
fn a_payout_that_may_have_left_is_not_turned_back_by_anybody() {
    let stuck = |step, call_count| OpenTransfer { step, call_count, ..payout() };
    for (open, refused) in [
        (stuck(Step::Screen, 0), None),
        (stuck(Step::SubmitPayout, 0), None),
        (stuck(Step::SubmitPayout, 1), Some(Refusal::OutcomeOpen)),
        (stuck(Step::ConfirmPayout, 0), Some(Refusal::OutcomeOpen)),
        (stuck(Step::PostEntry, 0), Some(Refusal::PastPivot)),
    ] {
        for act in DeskAct::ALL.iter().copied() {
            let cause = Failure::new(FailureClass::Permanent, "told", "Told by a test.");
            let decided = act.decide(open.as_stuck(), cause, open.route(), open.id);
            let expected = match act {
                DeskAct::Compensate | DeskAct::Discard => refused,
                DeskAct::ResolveFailed => refused.filter(|why| *why == Refusal::PastPivot),
                DeskAct::RetryCompensation => Some(Refusal::NotCompensating),
                DeskAct::ForceForward => Some(Refusal::NotPastPivot),
                DeskAct::Redrive | DeskAct::ResolveSettled => None,
            };
            assert_eq!(decided.err(), expected, "{act} at {} after {}", open.step, open.call_count);
        }
    }
    // On its way back the provider has said no, and nothing is open.
    let cause = Failure::new(FailureClass::Permanent, "payout_declined", "Declined.");
    let back = OpenTransfer { undo_of: Some(cause.clone()), ..stuck(Step::PlaceHold, 0) };
    let discarded = DeskAct::Discard.decide(back.as_stuck(), cause, back.route(), back.id);
    assert!(discarded.is_ok());
}

#[test]
fn a_parked_transfer_keeps_the_answer_that_no_lane_had_come_to() {
    let lane = Lane::default();
    let capture = Answer::Capture { amount_minor: MinorUnits(15) };
    let (mut rows, waits) = run(&lane, manual(&lane), &[]);
    let told = OpenTransfer { answer: Some(capture), ..waits.transfer };
    let failure = Failure::new(FailureClass::Permanent, "parked", "Parked.");
    let (parked, _) = rows.transact(|book| {
        let reason = StuckReason::ParkedByOperator;
        let halted =
            lane.with_rules(|rules| rules.halt(told.clone(), reason, failure.clone(), book));
        halted.expect("a parked transfer")
    });
    assert_eq!(parked.status, TransferStatus::Stuck);
    let (settled, _) = rows.transact(|book| lane.advance(parked.transfer.clone(), book));
    assert_eq!((settled.status, ledger(rows.wallet(2))), (TransferStatus::Settled, 15));
}

#[test]
fn a_hold_is_captured_whole_or_in_part_voided_or_out_of_time() {
    in_both_modes(|lane| {
        let (rows, waits) = run(lane, manual(lane), &[]);
        let until = lane.now + TimeDelta::hours(1);
        assert_eq!(waits.progress, Progress::Awaits { what: Awaited::Capture, until });
        assert_eq!(
            (waits.status, held(&rows, 1), ledger(rows.wallet(1))),
            (TransferStatus::Held, 40, 100)
        );
        let capture = |minor| Answer::Capture { amount_minor: MinorUnits(minor) };
        for (answer, status, left) in [
            (capture(40), TransferStatus::Settled, 60),
            (capture(15), TransferStatus::Settled, 85),
            (Answer::Void { detail: "changed".into() }, TransferStatus::Voided, 100),
            (Answer::Expired, TransferStatus::Expired, 100),
            (capture(41), TransferStatus::Failed, 100),
            (capture(0), TransferStatus::Failed, 100),
        ] {
            let (rows, ended) = run(lane, manual(lane), slice::from_ref(&answer));
            assert_eq!((ended.progress, ended.status), (Progress::Final, status), "{answer:?}");
            assert_eq!(
                (ledger(rows.wallet(1)), held(&rows, 1), ledger(rows.wallet(2))),
                (left, 0, 100 - left)
            );
        }
    });
}

#[test]
fn a_screening_service_allows_denies_or_leaves_it_to_a_person() {
    let screened =
        || with(TransferKind::Transfer, Terms { screen_outside: true, ..Terms::default() });
    let review = || Answer::Review { detail: "a name on a list".into() };
    in_both_modes(|lane| {
        let (_, waits) = run(lane, screened(), &[review()]);
        assert!(matches!(waits.progress, Progress::Awaits { what: Awaited::Review, .. }));
        let denied = Answer::Denied { code: "sanctioned".into(), detail: "On a list.".into() };
        let no = Answer::ReviewDenied { detail: "it is him".into() };
        let away = Answer::NotSent { detail: "refused".into() };
        for (answers, status) in [
            (vec![Answer::Allowed], TransferStatus::Settled),
            (vec![away, Answer::Allowed], TransferStatus::Settled),
            (vec![denied], TransferStatus::Rejected),
            (vec![review(), Answer::ReviewAllowed], TransferStatus::Settled),
            (vec![review(), no], TransferStatus::Rejected),
        ] {
            let (rows, ended) = run(lane, screened(), &answers);
            assert_eq!((ended.status, held(&rows, 1)), (status, 0), "{answers:?}");
        }
    });
}

/// A reversal of a transfer that has moved 50.
fn back(minor: i64) -> OpenTransfer {
    let reverses = ReversalTerms { transfer_id: transfer_id(9), moved_minor: MinorUnits(50) };
    let terms = Terms { reverses: Some(reverses), ..Terms::default() };
    OpenTransfer {
        terms: Some(Box::new(terms)),
        kind: TransferKind::Reversal,
        ..transfer(1, 1, 2, minor)
    }
}

#[test]
fn reversals_never_take_back_more_than_was_moved() {
    in_both_modes(|lane| {
        for (before, minor, status, after) in [
            (0, 50, TransferStatus::Settled, Some(50)),
            (20, 30, TransferStatus::Settled, Some(50)),
            (20, 31, TransferStatus::Rejected, None),
            (50, 1, TransferStatus::Rejected, None),
        ] {
            let rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
            let mut book = Book::new(rows.0.values().cloned())
                .with_reversed([(transfer_id(9), MinorUnits(before))]);
            let mut advanced = lane.advance(back(minor), &mut book);
            while advanced.progress == Progress::Ready {
                advanced = lane.advance(advanced.transfer, &mut book);
            }
            assert_eq!(advanced.status, status);
            let changed = book.reversals().first().map(|(_, minor)| minor.0);
            assert_eq!(changed, after);
        }
    });
}

#[test]
fn what_a_reversal_took_back_outside_is_not_taken_back_again() {
    let stepwise = Lane::new(Boundaries::EveryStep, &NoFaults);
    let counted = |before: i64, held: bool, resolution| {
        let rows = Rows::new([wallet(1, 100), wallet(2, 0)]);
        let mut book = Book::new(rows.0.values().cloned())
            .with_reversed([(transfer_id(9), MinorUnits(before))]);
        let mut open = back(50);
        if held {
            open = stepwise.advance(open, &mut book).transfer;
            assert_eq!(open.hold, MinorUnits(50));
        }
        let ended = stepwise.with_rules(|rules| rules.resolve(open, resolution, &mut book));
        let pending = book.wallet(rows.wallet(1).id).map(|one| one.balances.debits_pending);
        ended
            .map(|_| (book.reversals().first().map(|(_, minor)| minor.0), pending.map(|one| one.0)))
    };
    for held in [true, false] {
        let settled = counted(0, held, Resolution::SettledOutside).expect("it resolves");
        assert_eq!(settled, (Some(50), Some(0)), "held: {held}");
        let failed = counted(0, held, Resolution::FailedOutside).expect("it resolves");
        assert_eq!(failed, (None, Some(0)), "held: {held}");
    }
    // More than was moved cannot have been sent back.
    assert!(counted(1, false, Resolution::SettledOutside).is_err());
}

#[test]
fn a_payout_that_is_told_to_be_paid_and_declined_to_us_is_neither() {
    let paid = || Answer::Paid { provider_reference: Some("p-1".into()) };
    let declined = || Answer::Declined { code: "duplicate".into(), detail: "Again.".into() };
    assert!(matches!(declined().beside(paid()), Answer::Unknown { .. }));
    assert_eq!(paid().beside(declined()), paid(), "what it says when asked");
    assert_eq!(declined().beside(declined()), declined());
    for open in [Answer::Pending, Answer::NotFound, Answer::Unknown { detail: "cut".into() }] {
        assert_eq!(open.clone().beside(paid()), paid());
        assert_eq!(open.beside(declined()), declined());
    }
}

#[test]
fn a_payout_without_a_hold_that_was_paid_by_hand_is_posted_or_refused() {
    let lane = Lane::default();
    let resolve = |balance: i64| {
        let cash = wallet(2, 0);
        let rows = Rows::new([wallet(1, balance), cash]);
        let mut book = Book::new(rows.0.values().cloned());
        let ended =
            lane.with_rules(|rules| rules.resolve(payout(), Resolution::SettledOutside, &mut book));
        (ended, book.wallet(rows.wallet(1).id).map(ledger))
    };
    let (ended, left) = resolve(100);
    let ended = ended.expect("it resolves");
    assert_eq!((ended.status, left), (TransferStatus::Settled, Some(60)));
    assert!(ended.entry.is_some() && ended.transfer.hold == MinorUnits::ZERO);
    // Nobody is brought below their floor, whatever was done by hand.
    assert!(resolve(39).0.is_err());
}
