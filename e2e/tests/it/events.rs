//! What the world is told keeps to what `docs/events` promises it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::answer::Answer;
use domain::dead_letter::DeskAct;
use domain::event::EventType;
use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, NoFaults};
use domain::ids::{TransferId, WalletId};
use domain::money::MinorUnits;
use domain::operator::OperatorRole;
use domain::saga::StuckReason;
use serde_json::Value;
use store::desk::{self, Decision};
use store::lane;
use store::operators::Operator;
use store::wallets::{Change, Origin};

use crate::outside::{manual, payout, reversal};
use crate::support::{World, rules, transfer};
use crate::tidy::tree::{files, root, text};

mod schema;

/// Schemas by event type.
fn schemas() -> BTreeMap<String, Value> {
    files(&root().join("docs/events"), &["json"])
        .iter()
        .map(|file| {
            let schema: Value = serde_json::from_str(&text(file)).expect("a schema is JSON");
            let about = schema["properties"]["type"]["const"].as_str().expect("a type").to_owned();
            let name = file.file_stem().and_then(|name| name.to_str());
            assert_eq!(name, Some(about.as_str()), "a schema's file has the name of its type");
            (about, schema)
        })
        .collect()
}

#[test]
fn every_event_type_has_a_schema_and_every_schema_its_type() {
    let types: Vec<&str> = EventType::ALL.iter().map(|one| one.as_str()).collect();
    let mut documented: Vec<String> = schemas().into_keys().collect();
    documented.sort_by_key(|name| types.iter().position(|one| one == name));
    assert_eq!(documented, types);
}

#[test]
fn a_schema_refuses_what_it_does_not_describe() {
    let schemas = schemas();
    let schema = &schemas["wallet.frozen.v1"];
    let wallet = "01a1fbda-996e-72e0-818c-8e508b79a585";
    let good = serde_json::json!({
        "event_id": wallet, "type": "wallet.frozen.v1", "occurred_at": "2026-11-21T02:00:00Z",
        "wallet_seqs": { wallet: 2 },
        "data": { "wallet_id": wallet, "owner_id": "o", "currency": "EUR", "status": "frozen", "reason": "r" },
    });
    assert_eq!(schema::faults(schema, &good), [""; 0]);
    for (path, wrong) in [
        ("/event_id", "not-an-id".into()),
        ("/type", "wallet.closed.v1".into()),
        ("/occurred_at", "yesterday".into()),
        ("/data/currency", "euro".into()),
        ("/data/reason", 7.into()),
        ("/data", serde_json::json!({})),
        ("/wallet_seqs", serde_json::json!({ wallet: 0 })),
    ] {
        let mut bad: Value = good.clone();
        *bad.pointer_mut(path).expect("a place") = wrong;
        assert!(!schema::faults(schema, &bad).is_empty(), "{path} is not checked");
    }
    let mut bad = good;
    bad["data"]["secret"] = "x".into();
    assert_eq!(schema::faults(schema, &bad), ["/data/secret is not described"]);
}

/// Ends parked transfers in each way that a person can.
async fn people_decide(world: &World, [source, destination]: [WalletId; 2]) {
    let olga = Operator { name: "olga".to_owned(), role: OperatorRole::Approver };
    for act in [DeskAct::ResolveSettled, DeskAct::ResolveFailed, DeskAct::Discard] {
        let id = world.accept(&[transfer(source, destination, 5)]).await[0];
        desk::park(&world.reads, id, &olga, "a test").await.expect("a parked transfer");
        let letters = desk::of_transfer(&world.reads, id).await.expect("its dead letters");
        let evidence = (act != DeskAct::Discard).then_some("booking 4711");
        let decision = Decision { act, actor: &olga, reason: "a test", evidence };
        desk::act(&world.reads, letters[0].id, &decision).await.expect("a decision");
    }
}

/// Holds captured in part, voided and out of time; payouts paid, declined and stuck; a reversal.
async fn others_decide(world: &World, [source, destination]: [WalletId; 2], settled: TransferId) {
    let rules = rules(Boundaries::Fused, NoFaults);
    let hold = || manual(source, destination, 5, TimeDelta::hours(1));
    let declined = Answer::Declined { code: "closed".into(), detail: "Closed.".into() };
    let unknown = Answer::Unknown { detail: "timed out".into() };
    for (command, answers) in [
        (hold(), vec![Answer::Capture { amount_minor: MinorUnits(3) }]),
        (hold(), vec![Answer::Void { detail: "changed".into() }]),
        (hold(), vec![Answer::Expired]),
        (payout(source, 5), vec![Answer::Paid { provider_reference: None }]),
        (payout(source, 5), vec![declined]),
        (payout(source, 5), vec![unknown; 4]),
        (reversal(settled, 5, destination, source, 2), Vec::new()),
    ] {
        let id = world.accept(&[command]).await[0];
        world.play(&rules, id, &answers).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_events_keep_to_their_schemas() {
    let world = World::new().await;
    let wallets = world.wallets(3, 1_000).await;
    let commands = [
        transfer(wallets[0], wallets[1], 5),
        transfer(wallets[0], wallets[1], 5_000_000),
        transfer(wallets[1], wallets[0], 7),
    ];
    let ids = world.accept(&commands).await;
    world.drive(&rules(Boundaries::Fused, NoFaults), &ids[..2]).await;
    let failure = Failure::new(FailureClass::Permanent, "made_up", "Made up by a test.");
    let mut connection = world.hot.acquire().await.expect("a connection");
    let rules = rules(Boundaries::Fused, NoFaults);
    let halted =
        lane::halt(&mut connection, &rules, ids[2], StuckReason::BrokenInvariant, &failure).await;
    halted.expect("a parked transfer");
    people_decide(&world, [wallets[0], wallets[1]]).await;
    others_decide(&world, [wallets[0], wallets[1]], ids[0]).await;
    let empty = world.wallets(1, 0).await[0];
    for (wallet, change) in
        [(wallets[2], Change::Freeze), (wallets[2], Change::Unfreeze), (empty, Change::Close)]
    {
        let changed =
            store::wallets::change(&world.reads, wallet, change, "a test", &Origin::default())
                .await;
        changed.expect("a change");
    }

    let schemas = schemas();
    let log: Vec<(String, String)> = sqlx::query_as("SELECT type, envelope FROM event ORDER BY id")
        .fetch_all(&world.reads)
        .await
        .expect("the log");
    let mut seen: Vec<String> = Vec::new();
    for (event_type, envelope) in log {
        let envelope: Value = serde_json::from_str(&envelope).expect("an envelope is JSON");
        let faults = schema::faults(&schemas[&event_type], &envelope);
        assert!(faults.is_empty(), "{event_type}: {faults:?} in {envelope}");
        seen.push(event_type);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen, schemas.into_keys().collect::<Vec<_>>());
    // A payout has the same events as a transfer, and says what it is.
    let payouts = "SELECT count(DISTINCT type) FROM event
        WHERE envelope::jsonb #>> '{data,kind}' = 'payout'";
    assert_eq!(world.count(payouts).await, 3, "settled, failed, stuck");
    let captured = "SELECT count(*) FROM event WHERE type = 'transfer.settled.v1'
        AND envelope::jsonb #>> '{data,amount_minor}' = '3'";
    assert_eq!(world.count(captured).await, 1, "what was captured, not what was held");
    let resolved = "SELECT count(DISTINCT envelope::jsonb #>> '{data,resolution}') FROM event";
    assert_eq!(world.count(resolved).await, 3, "one of each resolution");
}
