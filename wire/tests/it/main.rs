//! The problem documents and their pages.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::wallet::WalletStatus;
use wire::{FieldError, OpenWallet, Problem, ProblemCode};

fn pages() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/problems")
}

#[test]
fn each_code_has_a_page_and_each_page_a_code() {
    let codes: BTreeSet<String> =
        ProblemCode::ALL.iter().map(|code| format!("{}.md", code.as_str())).collect();
    let pages: BTreeSet<String> = std::fs::read_dir(pages())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(codes, pages);
}

#[test]
fn each_page_tells_title_status_what_happened_and_what_to_do() {
    for code in ProblemCode::ALL {
        let text = std::fs::read_to_string(pages().join(format!("{}.md", code.as_str()))).unwrap();
        let head = format!("# {}\n\n`{}`, HTTP {}\n", code.title(), code.as_str(), code.status());
        assert!(text.starts_with(&head), "{}: must start with\n{head}", code.as_str());
        for section in ["\n## What happened\n\n", "\n## What to do\n\n"] {
            assert!(text.contains(section), "{}: no {section:?}", code.as_str());
        }
    }
}

#[test]
fn a_code_is_sent_as_its_word() {
    for code in ProblemCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
    }
}

#[test]
fn a_problem_reads_as_rfc_9457_has_it() {
    let errors = vec![FieldError::new("amount_minor", "must be greater than 0")];
    let mut problem = Problem::with_errors(ProblemCode::AmountOutOfRange, errors);
    problem.correlation_id = "c-1".to_owned();
    assert_eq!(
        serde_json::to_value(problem).unwrap(),
        serde_json::json!({
            "type": "https://holdfast.dev/problems/amount_out_of_range",
            "title": "The amount is out of range",
            "status": 422,
            "detail": "amount_minor: must be greater than 0",
            "code": "amount_out_of_range",
            "errors": [{"field": "amount_minor", "detail": "must be greater than 0"}],
            "correlation_id": "c-1",
        })
    );
}

#[test]
fn a_request_with_an_unknown_field_is_refused() {
    let text = r#"{"owner_id": "alice", "currency": "EUR", "colour": "red"}"#;
    let error = serde_json::from_str::<OpenWallet>(text).unwrap_err();
    assert!(error.to_string().contains("unknown field `colour`"), "{error}");
}

#[test]
fn a_status_is_one_word() {
    assert_eq!(serde_json::to_value(WalletStatus::Frozen).unwrap(), "frozen");
}
