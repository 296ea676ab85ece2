//! The issuer's keys: they change, and the issuer goes away.

use std::time::Duration;

use api::{AuthConfig, Config, IssuerConfig, Server};
use embedded::issuer::{AUDIENCE, Algorithm, Issuer};
use embedded::testing::TestDatabase;

use super::{CUSTOMER, Guarded};
use crate::support::{Api, config};

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_is_good_no_more() {
    let guarded = Guarded::start().await;
    let old = guarded.token("alice", CUSTOMER);
    assert_eq!(guarded.get(&old, "/v1/wallets").await.status, 200);
    let unused = guarded.token("bob", CUSTOMER);
    guarded.issuer.rotate(Algorithm::Es256).unwrap();
    let new = guarded.token("alice", CUSTOMER);
    assert_eq!(guarded.get(&new, "/v1/wallets").await.status, 200, "ES256, at once");
    // The old key is gone with the set that it was in. What was known stays so, for a minute at most.
    guarded.get(&unused, "/v1/wallets").await.assert_problem(401, "unauthenticated");
    assert_eq!(guarded.get(&old, "/v1/wallets").await.status, 200);
}

#[tokio::test]
async fn made_up_keys_do_not_make_the_api_ask_again_and_again() {
    let issuer = Issuer::start(None).await.unwrap();
    let guarded =
        Guarded::believing(issuer, |auth| auth.refetch_min = Duration::from_hours(1)).await;
    // The first look is over once a good token is let in.
    let good = guarded.token("alice", CUSTOMER);
    assert_eq!(guarded.get(&good, "/v1/wallets").await.status, 200);
    guarded.issuer.rotate(Algorithm::EdDsa).unwrap();
    let new = guarded.token("alice", CUSTOMER);
    guarded.get(&new, "/v1/wallets").await.assert_problem(401, "unauthenticated");
}

#[tokio::test]
async fn keys_stay_good_while_the_issuer_is_away() {
    let mut guarded = Guarded::start().await;
    assert_eq!(guarded.get(&guarded.token("alice", CUSTOMER), "/v1/wallets").await.status, 200);
    guarded.issuer.stop().await;
    // Somebody new, so that nothing about them is known.
    let bob = guarded.token("bob", CUSTOMER);
    assert_eq!(guarded.get(&bob, "/v1/wallets").await.status, 200);
    guarded.issuer.rotate(Algorithm::EdDsa).unwrap();
    let carol = guarded.token("carol", CUSTOMER);
    guarded.get(&carol, "/v1/wallets").await.assert_problem(401, "unauthenticated");
    assert_eq!(guarded.get(&bob, "/v1/wallets").await.status, 200);
    guarded.issuer.resume().await.unwrap();
    assert_eq!(guarded.get(&carol, "/v1/wallets").await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_was_never_there_is_our_trouble_and_not_the_clients() {
    let mut issuer = Issuer::start(None).await.unwrap();
    issuer.stop().await;
    let mut guarded = Guarded::believing(issuer, |_| {}).await;
    let token = guarded.token("alice", CUSTOMER);
    let answer = guarded.get(&token, "/v1/wallets").await;
    answer.assert_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), Some("10"));
    let health = guarded.api.get("/health/ready").await;
    assert_eq!(health.status, 200, "others can do nothing about it: {health:?}");
    guarded.issuer.resume().await.unwrap();
    assert_eq!(guarded.get(&token, "/v1/wallets").await.status, 200);
}

#[tokio::test]
async fn keys_come_from_the_issuer_that_the_discovery_document_is_of() {
    let real = Issuer::start(None).await.unwrap();
    let db = TestDatabase::create().await.unwrap();
    // The same document, but asked for under another name.
    let alias = real.url().replace("127.0.0.1", "localhost");
    let mut auth = IssuerConfig::new(&alias, AUDIENCE);
    auth.refetch_min = Duration::ZERO;
    let api =
        Api::start_with(Config { auth: AuthConfig::Issuer(Box::new(auth)), ..config(db.url()) })
            .await;
    let guarded = Guarded { api, issuer: real };
    let token = guarded.token("alice", CUSTOMER);
    guarded.get(&token, "/v1/wallets").await.assert_problem(503, "unavailable");
}

#[tokio::test]
async fn an_open_api_stays_on_this_machine() {
    let open = Config {
        public_addr: ([0, 0, 0, 0], 0).into(),
        ..config("postgres://nobody@127.0.0.1:1/none")
    };
    let error = Server::bind(&open).await.err().unwrap().to_string();
    assert!(error.starts_with("HOLDFAST_API_ADDR is 0.0.0.0:0, which others can reach"), "{error}");
    let auth = AuthConfig::Issuer(Box::new(IssuerConfig::new("http://127.0.0.1:1", AUDIENCE)));
    assert!(Server::bind(&Config { auth, ..open }).await.is_ok());
}
