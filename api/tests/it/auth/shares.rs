//! Nobody fills a process alone.

use std::time::Duration;

use api::door::DoorConfig;
use domain::operator::OperatorRole;
use reqwest::Method;
use tokio::time::timeout;

use super::{CUSTOMER, Guarded, transfer};
use crate::support::Answer;

/// Longer than anything takes here but to wait for an outcome.
const SOON: Duration = Duration::from_secs(15);

/// A transfer that nobody settles, and that is waited for.
async fn wait(guarded: &Guarded, token: &str, key: &str, ends: [&str; 2]) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", key),
        ("prefer", "wait=30"),
    ];
    let body = transfer(ends[0], ends[1]).to_string();
    guarded.api.send(Method::POST, "/v1/transfers", &headers, body).await
}

#[tokio::test]
async fn who_has_many_requests_in_hand_leaves_room_for_others() {
    let guarded = Guarded::behind(DoorConfig { requests_max: 8, ..DoorConfig::default() }).await;
    let [alice, bob] = ["alice", "bob"].map(|name| guarded.token(name, CUSTOMER));
    let again = guarded.token("alice", "wallet:read");
    let ends = [guarded.wallet("alice").await, guarded.wallet("bob").await];
    let ends = [ends[0].as_str(), ends[1].as_str()];
    let waiting = async {
        tokio::join!(wait(&guarded, &alice, "1", ends), wait(&guarded, &alice, "2", ends))
    };
    let others = async {
        while guarded.api.count("transfer").await < 2 {
            tokio::task::yield_now().await;
        }
        // Another token of hers is hers all the same.
        let refused = guarded.get(&again, "/v1/wallets").await;
        refused.assert_problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(guarded.get(&bob, "/v1/wallets").await.status, 200);
    };
    tokio::select! {
        answers = waiting => panic!("nobody settles them: {answers:?}"),
        done = timeout(SOON, others) => done.unwrap(),
    }
    // What was given up is not in hand any more.
    let free = async {
        while guarded.get(&again, "/v1/wallets").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, free).await.unwrap();
}

#[tokio::test]
async fn operators_come_in_when_customers_have_filled_their_room() {
    let guarded = Guarded::behind(DoorConfig { requests_max: 1, ..DoorConfig::default() }).await;
    let alice = guarded.token("alice", CUSTOMER);
    let ends = [guarded.wallet("alice").await, guarded.wallet("bob").await];
    let viewer = guarded.api.token("vera", OperatorRole::Viewer).await;
    let waiting = wait(&guarded, &alice, "1", [&ends[0], &ends[1]]);
    let operator = async {
        while guarded.api.count("transfer").await < 1 {
            tokio::task::yield_now().await;
        }
        guarded.get(&alice, "/v1/wallets").await.assert_problem(503, "overloaded");
        assert_eq!(guarded.get(&viewer, "/admin/v1/me").await.status, 200);
    };
    tokio::select! {
        answer = waiting => panic!("nobody settles it: {answer:?}"),
        done = timeout(SOON, operator) => done.unwrap(),
    }
}
