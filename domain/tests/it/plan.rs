//! The redrive plan: what comes next, for every way that it may stand.

use std::time::Duration;

use domain::group::Outlook;
use domain::plan::{
    HaltReason, ItemStatus, Move, Pace, Phase, PlanAct, PlanStatus, Standing, WINDOW,
};
use proptest::prelude::*;

const PACE: Pace = Pace { canary_count: 10, rate_per_second: 100, failure_percent_max: 5 };

/// 1,000 items of which nothing has been sent.
fn fresh() -> Standing {
    Standing {
        items: 1_000,
        dispatched: 0,
        skipped: 0,
        ended: 0,
        phase: Phase::Canary,
        phase_dispatched: 0,
        recent: 0,
        recent_bad: 0,
        new_cause: false,
    }
}

/// In the ramp since `ms`, with `sent` of which `ended` are at their end.
fn ramp(ms: u64, sent: u32, ended: u32) -> Standing {
    Standing {
        dispatched: 10 + sent,
        ended: 10 + ended,
        phase: Phase::Ramp(Duration::from_millis(ms)),
        phase_dispatched: sent,
        recent: (10 + ended).min(WINDOW),
        ..fresh()
    }
}

#[test]
fn the_canaries_go_first_and_the_ramp_waits_for_all_of_them() {
    assert_eq!(PACE.next(&fresh()), Move::Send(10));
    let sent = Standing { dispatched: 10, phase_dispatched: 10, ..fresh() };
    assert_eq!(PACE.next(&sent), Move::Wait);
    let nine = Standing { ended: 9, recent: 9, ..sent.clone() };
    assert_eq!(PACE.next(&nine), Move::Wait);
    let all = Standing { ended: 10, recent: 10, ..sent };
    assert_eq!(PACE.next(&all), Move::StartRamp);
    // Some were not any more what the plan had shown: others stand in for them.
    let skipped = Standing { skipped: 3, dispatched: 7, phase_dispatched: 7, ..fresh() };
    assert_eq!(PACE.next(&skipped), Move::Send(3));
    assert_eq!(Pace { canary_count: 0, ..PACE }.next(&fresh()), Move::StartRamp);
}

#[test]
fn the_ramp_keeps_to_its_rate() {
    for (ms, sent, ended, wanted) in [
        (0, 0, 0, Move::Send(20)),
        (200, 20, 20, Move::Send(20)),
        (200, 40, 40, Move::Wait),
        (1_000, 40, 40, Move::Send(80)),
        // Two seconds' worth may be under way, so a slow house is not flooded.
        (60_000, 300, 100, Move::Wait),
        (60_000, 300, 101, Move::Send(1)),
    ] {
        assert_eq!(PACE.next(&ramp(ms, sent, ended)), wanted, "{ms} ms, {sent} sent");
    }
    let slow = Pace { rate_per_second: 1, ..PACE };
    assert_eq!(slow.next(&ramp(0, 0, 0)), Move::Send(1), "however slow, it begins at once");
    assert_eq!(slow.next(&ramp(500, 1, 1)), Move::Wait);
}

#[test]
fn time_in_which_nothing_was_sent_is_not_caught_up_with() {
    // After five minutes without a desk: a second's worth, not what they would have allowed.
    assert_eq!(PACE.next(&ramp(300_000, 100, 100)), Move::Send(100));
    let slow = Pace { rate_per_second: 1, ..PACE };
    assert_eq!(slow.next(&ramp(300_000, 1, 1)), Move::Send(1));
}

#[test]
fn bad_outcomes_halt_it() {
    let canaries =
        Standing { dispatched: 10, phase_dispatched: 10, ended: 10, recent: 10, ..fresh() };
    let one_bad = Standing { recent_bad: 1, ..canaries };
    assert_eq!(PACE.next(&one_bad), Move::Halt(HaltReason::TooManyBad), "10 % of the canaries");
    let few = Standing { recent: 5, recent_bad: 5, ..ramp(1_000, 50, 0) };
    assert_eq!(PACE.next(&few), Move::Send(70), "five of sixty say nothing yet");
    let many = Standing { recent: 100, recent_bad: 5, ..ramp(1_000, 110, 100) };
    assert_eq!(PACE.next(&many), Move::Send(10), "5 % are allowed");
    let more = Standing { recent_bad: 6, ..many };
    assert_eq!(PACE.next(&more), Move::Halt(HaltReason::TooManyBad));
    let news = Standing { new_cause: true, ..ramp(1_000, 50, 50) };
    assert_eq!(PACE.next(&news), Move::Halt(HaltReason::NewCause), "one is enough");
}

#[test]
fn the_last_outcome_finishes_it_or_halts_it() {
    let last = Standing { items: 60, ..ramp(9_000, 50, 49) };
    assert_eq!(PACE.next(&last), Move::Wait);
    let all = Standing { ended: 60, recent: 60, ..last };
    assert_eq!(PACE.next(&all), Move::Finish);
    let nothing = Standing { items: 5, skipped: 5, ..fresh() };
    assert_eq!(PACE.next(&nothing), Move::Finish, "all were passed over");
}

#[test]
fn an_outcome_worse_than_its_forecast_is_bad() {
    for (status, outlook, bad) in [
        (ItemStatus::Settled, Outlook::WouldSettle, false),
        (ItemStatus::Settled, Outlook::WouldBeRejected, false),
        (ItemStatus::Rejected, Outlook::WouldBeRejected, false),
        (ItemStatus::Rejected, Outlook::WouldSettle, true),
        (ItemStatus::Failed, Outlook::WouldFail, false),
        (ItemStatus::Failed, Outlook::WouldSettle, true),
        (ItemStatus::DeadAgain, Outlook::WouldStickAgain, true),
    ] {
        assert_eq!(status.is_bad(outlook), bad, "{status} after {outlook}");
    }
}

#[test]
fn an_operator_moves_it_only_along_the_lines_of_the_drawing() {
    use PlanAct as A;
    use PlanStatus as S;
    let legal = [
        (S::Draft, A::Apply, S::Running),
        (S::Running, A::Pause, S::Paused),
        (S::Paused, A::Resume, S::Running),
        (S::Halted, A::Resume, S::Running),
        (S::Running, A::Stop, S::Stopped),
        (S::Paused, A::Stop, S::Stopped),
        (S::Halted, A::Stop, S::Stopped),
    ];
    for &status in S::ALL {
        for &act in A::ALL {
            let wanted = legal.iter().find(|one| (one.0, one.1) == (status, act)).map(|one| one.2);
            assert_eq!(status.after(act), wanted, "{act} a plan that is {status}");
        }
    }
}

proptest! {
    /// Carried out to its end at any pace, each item is sent once, and never more than allowed are under way.
    #[test]
    fn a_plan_comes_to_its_end(
        items in 1_u32..5_000, canary_count in 0_u32..50, rate_per_second in 1_u32..5_000,
        slowness in 1_u32..20,
    ) {
        let pace = Pace { canary_count, rate_per_second, failure_percent_max: 0 };
        let mut standing = Standing { items, ..fresh() };
        let mut elapsed = Duration::ZERO;
        for _ in 0..2_000_000 {
            match pace.next(&standing) {
                Move::Send(count) => {
                    standing.dispatched += count;
                    standing.phase_dispatched += count;
                }
                Move::StartRamp => {
                    (standing.phase, standing.phase_dispatched) = (Phase::Ramp(Duration::ZERO), 0);
                    elapsed = Duration::ZERO;
                }
                Move::Wait => {
                    elapsed += Duration::from_millis(200);
                    if let Phase::Ramp(_) = standing.phase {
                        standing.phase = Phase::Ramp(elapsed);
                    }
                    let under_way = standing.dispatched - standing.ended;
                    standing.ended += under_way.div_ceil(slowness);
                    standing.recent = standing.ended.min(WINDOW);
                }
                Move::Finish => break,
                Move::Halt(reason) => prop_assert!(false, "halted: {}", reason),
            }
            let under_way = standing.dispatched - standing.ended;
            prop_assert!(under_way <= (rate_per_second * 2).max(64).max(canary_count));
            prop_assert!(standing.dispatched <= items);
        }
        prop_assert_eq!(standing.ended, items);
    }
}
