use std::collections::BTreeSet;

use crate::support::{Dev, Scratch, number, paste};

/// Causes of dead letters so far; enough of them on a machine without curl.
fn causes(dev: &Dev) -> usize {
    let (admin, token) = (dev.banner("admin"), dev.banner("viewer"));
    let ask = format!("curl -sS {admin}/dead-letters/groups -H 'Authorization: Bearer {token}'");
    paste(&ask).map_or(usize::MAX, |groups| groups.as_array().unwrap().len())
}

#[test]
fn failures_of_all_sorts_end_in_a_report_that_nothing_was_lost() {
    let scratch = Scratch::new();
    let mut dev = Dev::up(&scratch.0, &["--load", "100", "--failures"]);
    dev.wait_for("failures  broken now: screening_timeout, ");
    // The end comes in the middle of an outage: what waits in the outbox must still arrive.
    dev.wait_for("the SQS endpoint is away");
    let stuck = |dev: &Dev| -> u32 {
        let lines = dev.said.iter().filter(|line| line.starts_with("load  sent"));
        lines.map(|line| number(line, "stuck")).sum()
    };
    // How soon the second cause wears out a transfer's tries depends on the machine.
    while stuck(&dev) < 5 || causes(&dev) < 2 {
        dev.wait_for("load  sent");
    }
    let said = dev.stops_cleanly_on("INT");
    assert!(said.iter().any(|line| line.ends_with("the SQS endpoint is back")), "{said:#?}");
    let report: Vec<_> = said.iter().skip_while(|line| *line != "Invariant report").collect();
    let has = |text: &str| report.iter().any(|line| line.contains(text));
    assert!(has("Nothing was lost") && !has("BROKEN"), "{report:#?}");
    assert!(has("written, 0 in the outbox"), "{report:#?}");
    assert!(has("; in wallet-audit-dlq ") && !has(" 0 unreadable"), "{report:#?}");
    let causes: BTreeSet<_> = report.iter().filter_map(|line| line.split('/').nth(2)).collect();
    assert!(causes.len() >= 2, "{report:#?}");
}
