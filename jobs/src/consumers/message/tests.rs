use super::*;

/// A message as the relay sends it.
macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name, ".json"))
    };
}

#[test]
fn a_settled_transfer_says_what_it_moved() {
    let events = read(fixture!("transfer_settled")).unwrap();
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event.id.to_string(), "019aa4c1-7a2e-7000-8000-000000000001");
    assert_eq!(event.event_type, EventType::TransferSettled);
    assert_eq!(event.occurred_at.to_rfc3339(), "2026-11-21T09:30:15.123456+00:00");
    let news = event.transfer.unwrap();
    assert_eq!(news.id.to_string(), "019aa4c1-7a2d-7000-8000-0000000000aa");
    assert_eq!(news.status, TransferStatus::Settled);
    assert_eq!((news.amount.minor().0, news.currency.as_str()), (1250, "EUR"));
}

#[test]
fn packed_envelopes_come_out_in_their_order_and_byte_for_byte() {
    let body = fixture!("packed");
    let events = read(body).unwrap();
    let types: Vec<_> = events.iter().map(|event| event.event_type).collect();
    let wanted = [EventType::WalletOpened, EventType::TransferRejected, EventType::TransferStuck];
    assert_eq!(types, wanted);
    assert_eq!(events[0].transfer, None);
    assert_eq!(events[1].transfer.unwrap().status, TransferStatus::Rejected);
    assert_eq!(events[2].transfer.unwrap().status, TransferStatus::Stuck);
    // The sender's own spaces and order of fields, nothing written anew.
    assert!(events[1].body.starts_with("{ \"type\" :  \"transfer.rejected.v1\""));
    for event in &events {
        assert!(body.contains(&event.body));
    }
}

#[test]
fn every_type_that_we_send_is_known() {
    for &event_type in EventType::ALL {
        let body = fixture!("transfer_settled").replace("transfer.settled.v1", event_type.as_str());
        assert_eq!(read(&body).unwrap()[0].event_type, event_type);
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let cases = [
        (fixture!("no_json"), "the body is not a JSON array: expected value at line 1 column 1"),
        (
            fixture!("no_array"),
            "the body is not a JSON array: invalid type: map, expected a sequence at line 1 column 0",
        ),
        ("[]", "the array holds no envelope"),
        ("[7]", "envelope 1 is not one: invalid type: integer `7`"),
        (fixture!("no_event_id"), "envelope 1 is not one: missing field `event_id`"),
        (
            fixture!("unknown_version"),
            "envelope 2 has a type or version that this consumer does not know: transfer.settled.v2",
        ),
        (
            fixture!("negative_amount"),
            "envelope 1 has data that its type does not allow: amount_minor must be greater than 0",
        ),
        (fixture!("unknown_currency"), "envelope 1 has data that its type does not allow: "),
    ];
    for (body, wanted) in cases {
        let reason = read(body).unwrap_err().to_string();
        assert!(reason.starts_with(wanted), "{body}\n is '{reason}'\n not '{wanted}'");
    }
}

#[test]
fn a_foreign_type_cannot_fill_the_reason_or_break_out_of_it() {
    let foreign = format!("x\\n\\u0007{}", "y".repeat(10_000));
    let body = fixture!("transfer_settled").replace("transfer.settled.v1", &foreign);
    let reason = read(&body).unwrap_err().to_string();
    assert!(reason.len() < 250, "{}", reason.len());
    assert!(reason.chars().all(|letter| letter.is_ascii() && !letter.is_control()), "{reason}");
}
