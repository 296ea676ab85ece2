//! Payouts that got stuck in each way that there is, and each act of the desk on each of them, by
//! the real operator API: what the option says is what the act does, or the act is refused.

use std::time::Duration;

use domain::answer::Answer;
use domain::dead_letter::DeskAct;
use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, NoFaults, OpenTransfer, Patience};
use domain::ids::{TransferId, WalletId};
use domain::operator::OperatorRole;
use domain::saga::Step;
use domain::transfer::TransferStatus;
use reqwest::Method;
use serde_json::{Value, json};
use store::calls::{self, Lease};
use store::lane::LaneRules;

use super::payout;
use crate::support::admin::Admin;
use crate::support::{BOTH_MODES, World, rules};

/// What each of them would pay out.
const AMOUNT: i64 = 300;
/// Tries of a step in these lanes.
const TRIES: usize = 4;

/// How a payout got stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// No call went out, until all tries were used.
    NeverSent,
    /// Each call may have gone out.
    Unknown,
    /// It was accepted, and never confirmed.
    Overdue,
    /// It was accepted, and the provider knows it no more.
    Lost,
    /// It was declined, and the hold could not be given back.
    UndoFails,
    /// It was paid, and could not be posted.
    NotPosted,
    /// The screening service was away.
    ScreeningAway,
    /// Parked by an operator before its call was made.
    ParkedBeforeCall,
    /// Parked while its call was under way.
    ParkedInCall,
    /// Parked while it waited for its confirmation.
    ParkedConfirming,
    /// Parked when its call had been answered and no lane had come to that.
    ParkedPaid,
}

const WAYS: [Way; 11] = [
    Way::NeverSent,
    Way::Unknown,
    Way::Overdue,
    Way::Lost,
    Way::UndoFails,
    Way::NotPosted,
    Way::ScreeningAway,
    Way::ParkedBeforeCall,
    Way::ParkedInCall,
    Way::ParkedConfirming,
    Way::ParkedPaid,
];

impl Faults for Way {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let fails = match self {
            Self::UndoFails => undo,
            Self::NotPosted => step == Step::PostEntry,
            _ => false,
        };
        let failure = || Failure::new(FailureClass::Permanent, "injected", "Injected by a test.");
        fails.then(|| Fault::Fail(failure()))
    }
}

impl Way {
    /// Reason and step of its dead letter.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::NeverSent => ("attempts_used_up", "submit_payout"),
            Self::Unknown => ("outcome_unknown", "submit_payout"),
            Self::Overdue | Self::Lost => ("outcome_unknown", "confirm_payout"),
            Self::UndoFails => ("compensation_failed", "place_hold"),
            Self::NotPosted => ("cannot_turn_back", "post_entry"),
            Self::ScreeningAway => ("attempts_used_up", "screen_outside"),
            Self::ParkedBeforeCall | Self::ParkedInCall | Self::ParkedPaid => {
                ("parked_by_operator", "submit_payout")
            }
            Self::ParkedConfirming => ("parked_by_operator", "confirm_payout"),
        }
    }

    /// Whether the provider may have paid, and nobody knows.
    fn is_open(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::Overdue
                | Self::Lost
                | Self::ParkedInCall
                | Self::ParkedConfirming
                | Self::ParkedPaid
        )
    }

    /// Why an act is refused.
    fn refusal(self, act: DeskAct) -> Option<&'static str> {
        let turned_back = self == Self::UndoFails;
        match act {
            DeskAct::RetryCompensation if !turned_back => Some("not_compensating"),
            DeskAct::Compensate if turned_back => Some("already_compensating"),
            DeskAct::ForceForward => Some("not_past_pivot"),
            DeskAct::Compensate | DeskAct::Discard if self.is_open() => Some("outcome_open"),
            DeskAct::Compensate | DeskAct::Discard | DeskAct::ResolveFailed
                if self == Self::NotPosted =>
            {
                Some("past_pivot")
            }
            _ => None,
        }
    }

    /// What the forecast of an act says that is not refused.
    fn outlook(self, act: DeskAct) -> &'static str {
        match (act, self) {
            (DeskAct::Redrive, Self::NotPosted | Self::ParkedPaid)
            | (DeskAct::ResolveSettled, _) => "would_settle",
            (DeskAct::Redrive, Self::UndoFails) => "would_fail",
            (DeskAct::Redrive, _) => "would_wait",
            _ => "would_fail",
        }
    }

    /// Goes wrong in this way from its first step on.
    async fn befall(self, world: &World, mode: Boundaries, id: TransferId) {
        let accepted = || Answer::Accepted { provider_reference: Some("p-1".to_owned()) };
        let detail = || "made up".to_owned();
        let declined = Answer::Declined { code: "closed".into(), detail: "Closed.".into() };
        let answers = match self {
            Self::NeverSent | Self::ScreeningAway => {
                vec![Answer::NotSent { detail: detail() }; TRIES]
            }
            Self::Unknown => vec![Answer::Unknown { detail: detail() }; TRIES],
            Self::Overdue => [vec![accepted()], vec![Answer::Pending; TRIES]].concat(),
            Self::Lost => [vec![accepted()], vec![Answer::NotFound; TRIES]].concat(),
            Self::UndoFails => vec![declined],
            Self::NotPosted => vec![Answer::Paid { provider_reference: None }],
            Self::ParkedConfirming => vec![accepted()],
            Self::ParkedBeforeCall | Self::ParkedInCall | Self::ParkedPaid => Vec::new(),
        };
        world.play(&self.lane(mode), id, &answers).await;
        if matches!(self, Self::ParkedInCall | Self::ParkedPaid) {
            let mut connection = world.hot.acquire().await.expect("a connection");
            let lease = Duration::from_secs(30);
            let call = calls::take(&mut connection, id, lease).await.expect("a lease");
            let lease = call.expect("a call").lease();
            if self == Self::ParkedPaid {
                let paid = Answer::Paid { provider_reference: None };
                calls::answer(&mut connection, lease, &paid).await.expect("an answer");
            }
        }
    }

    fn lane(self, mode: Boundaries) -> LaneRules {
        let confirmation_max =
            if self == Self::Overdue { Duration::ZERO } else { Duration::from_hours(1) };
        LaneRules {
            patience: Patience { confirmation_max, ..Patience::default() },
            ..rules(mode, self)
        }
    }

    fn is_parked_by_hand(self) -> bool {
        self.place().0 == "parked_by_operator"
    }

    /// What comes from outside when it is sent on.
    fn then(self) -> Vec<Answer> {
        let paid = Answer::Paid { provider_reference: None };
        if self == Self::ScreeningAway { vec![Answer::Allowed, paid] } else { vec![paid] }
    }
}

/// The request that stands for an act.
fn request(act: DeskAct) -> (&'static str, Value) {
    let reason = "as agreed";
    let resolve = |outcome| {
        ("resolve", json!({ "outcome": outcome, "evidence": "booking 4711", "reason": reason }))
    };
    match act {
        DeskAct::Redrive => ("redrive", json!({ "reason": reason })),
        DeskAct::Compensate => ("compensate", json!({ "reason": reason })),
        DeskAct::RetryCompensation => ("retry-compensation", json!({ "reason": reason })),
        DeskAct::ForceForward => ("force-forward", json!({ "reason": reason })),
        DeskAct::Discard => ("discard", json!({ "reason": reason })),
        DeskAct::ResolveSettled => resolve("settled"),
        DeskAct::ResolveFailed => resolve("failed"),
    }
}

/// One world with its desk.
struct Desk {
    world: World,
    admin: Admin,
    wallet: WalletId,
    mode: Boundaries,
}

impl Desk {
    async fn open(mode: Boundaries) -> Self {
        let world = World::new().await;
        let admin = Admin::start(&world, "ann", OperatorRole::Approver).await;
        let wallet = world.wallets(1, 1_000_000).await[0];
        Self { world, admin, wallet, mode }
    }

    /// A payout that is stuck in this way, and its dead letter.
    async fn stuck(&self, way: Way) -> (TransferId, String) {
        let behavior = if way == Way::ScreeningAway { "screen_allow+paid" } else { "paid" };
        let id = self.world.accept(&[payout(self.wallet, AMOUNT, behavior)]).await[0];
        way.befall(&self.world, self.mode, id).await;
        if way.is_parked_by_hand() {
            let body = json!({ "reason": "let us see" });
            let (status, answer) =
                self.admin.ask(Method::POST, &format!("/transfers/{id}/park"), &body).await;
            assert_eq!(status, 200, "{answer:#}");
        }
        let seen = self.admin.get(&format!("/transfers/{id}")).await;
        assert_eq!(seen["transfer"]["status"], "stuck", "{way:?}: {seen:#}");
        let letter = &seen["dead_letters"][0];
        let place = (letter["reason"].as_str(), letter["step"].as_str());
        assert_eq!(place, (Some(way.place().0), Some(way.place().1)), "{way:?}: {seen:#}");
        assert_eq!(letter["held_minor"].as_i64(), Some(AMOUNT), "{way:?}: {seen:#}");
        (id, letter["id"].as_str().expect("an id").to_owned())
    }

    async fn option(&self, letter: &str, act: DeskAct) -> Value {
        let options = self.admin.get(&format!("/dead-letters/{letter}/options")).await;
        let acts = options["acts"].as_array().expect("a list");
        let found = acts.iter().find(|one| one["act"] == act.as_str());
        found.expect("an option for each act").clone()
    }

    async fn act(&self, letter: &str, act: DeskAct) -> (u16, Value) {
        let (path, body) = request(act);
        self.admin.ask(Method::POST, &format!("/dead-letters/{letter}/{path}"), &body).await
    }

    /// Does it, and everything that comes of it.
    async fn check(&self, way: Way, act: DeskAct) {
        let label = format!("{act} of {way:?} in {:?}", self.mode);
        let before = self.world.available(self.wallet).await;
        let (id, letter) = self.stuck(way).await;
        let option = self.option(&letter, act).await;
        let (status, answer) = self.act(&letter, act).await;
        if let Some(code) = way.refusal(act) {
            assert_eq!(option["possible"], false, "{label}: {option:#}");
            assert_eq!((status, answer["code"].as_str()), (409, Some(code)), "{label}: {answer:#}");
            assert_eq!(self.world.available(self.wallet).await, before - AMOUNT, "{label}");
            // Nothing has changed: it can still be ended in the one way that is always open.
            let (status, _) = self.act(&letter, DeskAct::ResolveSettled).await;
            assert_eq!(status, 200, "{label}");
            return;
        }
        assert_eq!(status, 200, "{label}: {answer:#}");
        assert_eq!(option["possible"], true, "{label}: {option:#}");
        assert_eq!(option["outlook"], way.outlook(act), "{label}: {option:#}");
        let nothing_wrong =
            LaneRules { patience: Patience::default(), ..rules(self.mode, NoFaults) };
        self.world.play(&nothing_wrong, id, &way.then()).await;
        let ended = match way.outlook(act) {
            "would_fail" => TransferStatus::Failed,
            _ => TransferStatus::Settled,
        };
        assert_eq!(self.world.status(id).await, ended, "{label}");
        let paid = if ended == TransferStatus::Settled { AMOUNT } else { 0 };
        assert_eq!(self.world.available(self.wallet).await, before - paid, "{label}");
        let again = self.act(&letter, act).await.0;
        assert_eq!(again, 200, "the same request again: {label}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_on_a_payout_stuck_in_each_way_does_what_its_forecast_says_or_is_refused() {
    for mode in BOTH_MODES {
        let desk = Desk::open(mode).await;
        for way in WAYS {
            for act in DeskAct::ALL.iter().copied() {
                desk.check(way, act).await;
            }
        }
        let held = "SELECT coalesce(sum(debits_pending), 0)::bigint FROM wallet_balance";
        assert_eq!(desk.world.count(held).await, 0, "money is still held");
        assert_eq!(desk.world.count("SELECT count(*) FROM saga_open").await, 0);
        desk.world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn the_answer_of_a_call_that_was_under_way_when_its_payout_was_parked_is_asked_for_again() {
    for mode in BOTH_MODES {
        let desk = Desk::open(mode).await;
        let (id, letter) = desk.stuck(Way::ParkedInCall).await;
        let mut connection = desk.world.hot.acquire().await.expect("a connection");
        let paid = Answer::Paid { provider_reference: None };
        let lease = Lease { id, step: Step::SubmitPayout, call_count: 1 };
        let late = calls::answer(&mut connection, lease, &paid).await.expect("an answer");
        assert!(!late, "it waits for a person now");
        assert_eq!(desk.act(&letter, DeskAct::Redrive).await.0, 200);
        desk.world.drive_to_wait(&rules(mode, NoFaults), &[id]).await;
        let call = calls::take(&mut connection, id, Duration::from_secs(30)).await;
        let call = call.expect("a lease").expect("a call");
        // A second call begins by asking what became of the first.
        assert_eq!(call.call_count, 2);
        assert!(calls::answer(&mut connection, call.lease(), &paid).await.expect("an answer"));
        desk.world.drive_to_wait(&rules(mode, NoFaults), &[id]).await;
        assert_eq!(desk.world.status(id).await, TransferStatus::Settled);
        desk.world.assert_ledger_clean().await;
    }
}
