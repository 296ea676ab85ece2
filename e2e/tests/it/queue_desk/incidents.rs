//! Both dead-letter queues in one list.

use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, OpenTransfer};
use domain::saga::Step;
use serde_json::{Value, json};

use super::Desk;
use crate::support::{rules, transfer};

/// Fails the pivot for as long as anybody tries.
struct Fails;

impl Faults for Fails {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let failure = Failure::new(FailureClass::Transient, "injected", "Injected by a test.");
        (step == Step::PostEntry && !undo).then_some(Fault::Fail(failure))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dead_in_both_queues_is_joined_and_what_hurts_most_comes_first() {
    let desk = Desk::new().await;
    let world = &desk.world;
    assert_eq!(desk.get("/incidents").await["items"], json!([]));
    let wallets = world.wallets(3, 1_000).await;
    let commands = [transfer(wallets[0], wallets[1], 300), transfer(wallets[0], wallets[2], 50)];
    let ids = world.accept(&commands).await;
    world.drive(&rules(Boundaries::Fused, Fails), &ids).await;
    // The event of the first is dead, too; and something that nobody can read.
    let told: String = sqlx::query_scalar(
        "SELECT '[' || envelope || ']' FROM event WHERE type = 'transfer.stuck.v1' AND transfer_id = $1",
    )
    .bind(commands[0].id.0)
    .fetch_one(&world.reads)
    .await
    .expect("an envelope");
    desk.fill([told, "hello".to_owned()]).await;
    let process = desk.process("desk");
    let present = desk.present(2).await;

    let whole = |seen: &Value| seen["items"].as_array().is_some_and(|all| all.len() >= 2);
    let seen = desk.until("both are there", "/incidents", whole).await;
    let items = seen["items"].as_array().expect("items");
    assert!(seen["read_at"].is_string() && seen["age_ms"].as_i64().is_some_and(|age| age >= 0));

    let business = &items[0];
    assert_eq!((&business["kind"], &business["queue"]), (&json!("business"), &Value::Null));
    let letters = desk.get("/dead-letters").await;
    assert_eq!(business["fingerprint"], letters["items"][0]["fingerprint"]);
    assert_eq!((&business["count"], &business["wallet_count"]), (&json!(2), &json!(3)));
    let held = json!([{ "currency": "EUR", "held_minor": "350", "transfer_count": 2 }]);
    assert_eq!(business["held"], held);
    assert_eq!((&business["related_count"], &business["expires_at"]), (&json!(1), &Value::Null));
    let letter_of = |id: &Value| {
        let all = letters["items"].as_array().expect("letters").iter();
        all.clone().find(|letter| letter["transfer_id"] == *id).expect("a letter")["id"].clone()
    };
    let (first, second) = (json!(commands[0].id), json!(commands[1].id));
    let links = business["dead_letter_ids"].as_array().expect("links");
    assert!(links.len() == 2 && [&first, &second].iter().all(|id| links.contains(&letter_of(id))));

    // The two messages have one reason, which the test gave them; what holds money comes first.
    let of_message =
        items.iter().find(|one| one["held"] != json!([]) && one["kind"] == "infrastructure");
    let message = of_message.unwrap_or_else(|| panic!("no dead message with money: {seen:#}"));
    assert_eq!(
        (&message["queue"], &message["reason"]),
        (&json!(desk.dead()), &json!("a test's own"))
    );
    assert_eq!(message["held"][0]["held_minor"], "300");
    assert_eq!((&message["count"], &message["related_count"]), (&json!(2), &json!(1)));
    assert_eq!((&message["wallet_count"], &message["transfer_ids"]), (&json!(2), &json!([first])));
    assert_eq!(message["dead_letter_ids"], json!([letter_of(&first)]));
    let links = message["message_ids"].as_array().expect("links");
    assert!(links.len() == 2 && present.iter().all(|id| links.contains(&json!(id))), "{message:#}");
    assert_eq!(business["message_ids"].as_array().map(Vec::len), Some(1));
    assert!(links.contains(&business["message_ids"][0]));
    let left = message["expires_in_s"].as_i64().expect("seconds");
    assert!((1..=1_209_600).contains(&left), "{left} s");
    assert!(process.stop(), "a clean drain");
    world.assert_ledger_clean().await;
}
