//! The life of a wallet.

use serde_json::{Value, json};
use sqlx::Row;

use crate::support::Api;

/// Envelopes of the wallet's events in order, and how many of them wait to be sent.
async fn events(api: &Api, wallet: &str) -> (Vec<Value>, i64) {
    let rows = sqlx::query(
        "SELECT event.type, event.envelope, event.correlation_id FROM event
         JOIN outbox ON outbox.event_id = event.id WHERE event.wallet_id = $1::uuid ORDER BY event.id",
    )
    .bind(wallet)
    .fetch_all(&api.pool)
    .await
    .unwrap();
    let envelopes: Vec<Value> = rows
        .iter()
        .map(|row| {
            let envelope: Value = serde_json::from_str(row.get("envelope")).unwrap();
            assert_eq!(envelope["type"], row.get::<String, _>("type"));
            assert!(row.get::<Option<String>, _>("correlation_id").is_some());
            envelope
        })
        .collect();
    (envelopes, i64::try_from(rows.len()).unwrap())
}

#[tokio::test]
async fn a_wallet_opens_empty_with_the_cash_wallets_of_its_currency() {
    let api = Api::start().await;
    let body = json!({ "owner_id": "alice", "currency": "EUR", "label": "main", "metadata": {"tier": "gold"} });
    let answer = api.post("/v1/wallets", &[], &body).await;
    assert_eq!(answer.status, 201);
    let id = answer.text("/id").to_owned();
    assert_eq!(answer.header("location"), Some(format!("/v1/wallets/{id}").as_str()));
    let mut expected = json!({
        "id": id, "owner_id": "alice", "currency": "EUR", "status": "active", "label": "main",
        "metadata": {"tier": "gold"},
        "balance": {"ledger_minor": 0, "available_minor": 0, "held_minor": 0},
    });
    expected["created_at"] = answer.body["created_at"].clone();
    assert_eq!(answer.body, expected);
    assert_eq!(api.get(&format!("/v1/wallets/{id}")).await.body, expected);

    assert_eq!(api.count("wallet WHERE kind = 'system' AND currency = 'EUR'").await, 16);
    assert_eq!(api.count("wallet_balance WHERE normal_side = 'debit'").await, 16);
    api.wallet("bob", "EUR").await;
    assert_eq!(api.count("wallet WHERE kind = 'system'").await, 16);
    api.wallet("bob", "JPY").await;
    assert_eq!(api.count("wallet WHERE kind = 'system'").await, 32);

    let (events, unsent) = events(&api, &id).await;
    assert_eq!((events.len(), unsent), (1, 1));
    assert_eq!(events[0]["type"], "wallet.opened.v1");
    assert_eq!(events[0]["wallet_seqs"], json!({ &id: 1 }));
    assert_eq!(
        events[0]["data"],
        json!({"wallet_id": id, "owner_id": "alice", "currency": "EUR", "status": "active"})
    );
}

#[tokio::test]
async fn a_wallet_is_frozen_unfrozen_and_closed() {
    let api = Api::start().await;
    let id = api.wallet("alice", "EUR").await;
    let change = async |what: &str| {
        let body = json!({ "reason": "asked by phone" });
        api.post(&format!("/v1/wallets/{id}/{what}"), &[], &body).await
    };
    for (what, status, events_after) in [
        ("unfreeze", "active", 1),
        ("freeze", "frozen", 2),
        ("freeze", "frozen", 2),
        ("unfreeze", "active", 3),
        ("close", "closed", 4),
    ] {
        let answer = change(what).await;
        assert_eq!((answer.status, answer.text("/status")), (200, status), "{what}");
        assert_eq!(events(&api, &id).await.1, events_after, "{what}");
    }
    for what in ["freeze", "unfreeze", "close"] {
        change(what).await.assert_problem(409, "wallet_closed");
    }
    let (events, _) = events(&api, &id).await;
    let told: Vec<_> =
        events.iter().map(|one| (one["type"].clone(), one["wallet_seqs"][&id].clone())).collect();
    assert_eq!(
        told,
        [
            (json!("wallet.opened.v1"), json!(1)),
            (json!("wallet.frozen.v1"), json!(2)),
            (json!("wallet.unfrozen.v1"), json!(3)),
            (json!("wallet.closed.v1"), json!(4)),
        ]
    );
    assert_eq!(events[3]["data"]["reason"], "asked by phone");
}

#[tokio::test]
async fn only_an_empty_wallet_is_closed() {
    let api = Api::start().await;
    let id = api.wallet("alice", "EUR").await;
    let body = json!({ "reason": "moved away" });
    for (counters, status) in [
        ("credits_posted = 500, debits_posted = 0, debits_pending = 0", 409),
        ("credits_posted = 500, debits_posted = 0, debits_pending = 500", 409),
        ("credits_posted = 500, debits_posted = 500, debits_pending = 0", 200),
    ] {
        api.sql(&format!(
            "UPDATE wallet_balance SET {counters}, wallet_seq = 2, last_posted_at = now() WHERE wallet_id = '{id}'"
        ))
        .await;
        let answer = api.post(&format!("/v1/wallets/{id}/close"), &[], &body).await;
        assert_eq!(answer.status, status, "{counters}: {answer:?}");
        if status == 409 {
            answer.assert_problem(409, "wallet_not_empty");
        }
    }
}

#[tokio::test]
async fn a_change_of_an_unknown_or_system_wallet_is_404() {
    let api = Api::start().await;
    api.wallet("alice", "EUR").await;
    let body = json!({ "reason": "test" });
    for id in ["018bcfe5-6800-7000-8000-000000000000", "00000000-0000-8001-8000-455552000000"] {
        let answer = api.post(&format!("/v1/wallets/{id}/freeze"), &[], &body).await;
        answer.assert_problem(404, "wallet_not_found");
    }
}
