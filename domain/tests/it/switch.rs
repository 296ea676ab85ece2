//! Names and defaults of the switches.

use std::collections::BTreeSet;

use domain::job::Queue;
use domain::saga::Step;
use domain::switch::{Flag, Switch, SwitchKind, SwitchSet};
use domain::transfer::TransferKind;

#[test]
fn every_switch_is_found_by_its_words_and_no_other() {
    let names: BTreeSet<String> = Switch::all().map(|one| one.to_string()).collect();
    assert_eq!(names.len(), Switch::all().count(), "two switches have one name");
    for switch in Switch::all() {
        let (kind, subject) = (switch.kind().as_str(), switch.subject());
        assert_eq!(Switch::find(kind, subject), Ok(switch));
        assert_eq!(switch.waiting_for(), format!("switch:{kind}:{subject}"));
    }
    let kinds: BTreeSet<SwitchKind> = Switch::all().map(Switch::kind).collect();
    assert_eq!(kinds, SwitchKind::ALL.iter().copied().collect(), "each kind has a switch");
    for (kind, subject) in
        [("pause_step", "pay_out"), ("maintenance", "x"), ("pause_queue", ""), ("", ""), ("x", "x")]
    {
        let error = Switch::find(kind, subject).expect_err("no such switch");
        assert_eq!(error.name, format!("{kind}:{subject}"));
    }
}

#[test]
fn each_switch_is_turned_alone() {
    assert!(Switch::all().count() <= 64, "a set has 64 places");
    for turned in Switch::all() {
        let set = SwitchSet::default().with(turned, !turned.on_by_default());
        for asked in Switch::all() {
            let on = asked.on_by_default() != (asked == turned);
            assert_eq!(set.is_on(asked), on, "{asked} with {turned} turned");
        }
        assert_eq!(set.with(turned, turned.on_by_default()), SwitchSet::default());
    }
}

#[test]
fn only_flags_are_on_by_themselves() {
    let set = SwitchSet::default();
    assert!(set.is_on(Switch::Flag(Flag::PreferWait)));
    assert!(!set.is_on(Switch::Maintenance));
    assert!(Queue::ALL.iter().all(|&queue| !set.is_on(Switch::PauseQueue(queue))));
}

#[test]
fn a_paused_step_may_be_undone_and_a_paused_kind_may_not() {
    use Step::{PlaceHold, Screen};
    use TransferKind::{Deposit, Transfer};
    let (screen, deposits) = (Switch::PauseStep(Screen), Switch::PauseSaga(Deposit));
    let set = SwitchSet::default().with(screen, true).with(deposits, true);
    for (kind, step, undo, pausing) in [
        (Transfer, PlaceHold, false, None),
        (Transfer, Screen, false, Some(screen)),
        (Transfer, Screen, true, None),
        (Deposit, PlaceHold, false, Some(deposits)),
        (Deposit, Screen, true, Some(deposits)),
    ] {
        assert_eq!(set.pausing(kind, step, undo), pausing, "{kind} {step} {undo}");
    }
}
