use store::ledger::Violation;
use uuid::Uuid;

use super::*;

fn event(number: u128) -> EventId {
    EventId(Uuid::from_u128(number))
}

/// Two transfers, one of them stuck; event 3 is a dead letter of the audit trail's queue.
fn report() -> Report {
    Report {
        totals: Totals { sent: 3, accepted: 2, refused: 1, unsent: 0 },
        transfers: vec![(TransferStatus::Settled, 1), (TransferStatus::Stuck, 1)],
        work: census::Work { open: 0, outbox: 0 },
        dead_letters: vec![Group {
            fingerprint: "screen/transient/screening_timeout".to_owned(),
            currency: "EUR".to_owned(),
            count: 1,
            held_minor: "123456".to_owned(),
            amount_minor: "123456".to_owned(),
            wallet_count: 1,
            oldest_at: Utc::now(),
            newest_at: Utc::now(),
        }],
        events_written: 3,
        subscribers: [
            Subscriber {
                queue: "wallet-audit",
                waiting: 0,
                unread: vec![event(3)],
                dead: DeadLetters { unreadable: 2, failed: 1, events: [event(3)].into() },
            },
            Subscriber {
                queue: "wallet-metrics",
                waiting: 0,
                unread: vec![],
                dead: DeadLetters::default(),
            },
        ],
        chain: audit::Verified { rows: 2, hash: String::new(), first_broken: None },
        ledger: LedgerReport {
            mode: Mode::Full,
            checked_at: Utc::now(),
            ok: true,
            totals: vec![],
            rules: vec!["every journal entry balances"],
            violations: vec![],
        },
    }
}

#[test]
fn a_report_tells_the_figures_and_that_nothing_was_lost() {
    let report = report();
    assert_eq!(report.broken(), [""; 0]);
    let text = report.to_string();
    for line in [
        "  transfers     sent 3: accepted 2, refused 1 (not sent: 0)\n",
        "  stuck              1\n",
        "  1234.56 EUR  screen/transient/screening_timeout\n",
        "  wallet-audit    2 received, 1 failed too often\n",
        "  0 messages on their way; in wallet-audit-dlq 3, of them 2 unreadable\n",
        "Nothing was lost",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

type Breach = fn(&mut Report);

/// Each breach alone is seen, or the report would say that all is well.
#[test]
fn whatever_is_broken_is_named() {
    let breaches: [(Breach, &str); 8] = [
        (|report| report.totals.accepted = 4, "2 accepted transfers are unknown"),
        (|report| report.work.open = 1, "1 transfers are neither at their end nor dead letters"),
        (|report| report.work.outbox = 5, "5 events were not sent in time"),
        (|report| report.subscribers[0].dead.events.clear(), "1 events of wallet-audit are lost"),
        (
            |report| {
                report.subscribers[0].dead.events.clear();
                report.subscribers[0].waiting = 1;
            },
            "1 events of wallet-audit were not received in time",
        ),
        (
            |report| report.subscribers[1].unread.push(event(3)),
            "1 events of wallet-metrics are lost",
        ),
        (
            |report| {
                let breach = audit::Breach::Missing;
                report.chain.first_broken = Some(audit::Broken { seq: 2, event_id: None, breach });
            },
            "1 break in the audit chain",
        ),
        (
            |report| {
                let (id, detail) = ("x".to_owned(), "y".to_owned());
                let rule = "every journal entry balances";
                report.ledger.violations.push(Violation { rule, id, detail });
            },
            "1 violations of the ledger's rules",
        ),
    ];
    for (breach, sentence) in breaches {
        let mut report = report();
        breach(&mut report);
        assert_eq!(report.broken(), [sentence]);
        let text = report.to_string();
        assert!(text.contains(&format!("BROKEN        {sentence}")), "{text}");
        assert!(!text.contains("Nothing was lost"), "{text}");
    }
}
