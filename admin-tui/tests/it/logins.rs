//! A login between two requests, when its issuer is away or somebody has ended it.

use std::path::Path;

use admin_tui::credential::Credential;
use admin_tui::login::{Kept, LoginConfig, LoginError, Store};
use chrono::Utc;

/// A port on which nobody listens.
const ISSUER: &str = "http://127.0.0.1:1";

/// A login that ends in so many seconds, kept in a file of its own.
fn login(name: &str, ends_in: i64) -> (Credential, Store) {
    // As the program does at its start.
    rustls::crypto::ring::default_provider().install_default().ok();
    let config = LoginConfig {
        issuer: ISSUER.to_owned(),
        client_id: "console".to_owned(),
        scope: String::new(),
        audience: None,
        redirect_port: 0,
    };
    let kept = Kept {
        issuer: ISSUER.to_owned(),
        client_id: "console".to_owned(),
        address: "http://127.0.0.1:2".to_owned(),
        access_token: "of before".to_owned(),
        refresh_token: Some("renews it".to_owned()),
        expires_at: Some(Utc::now().timestamp() + ends_in),
    };
    let store = Store::within(Path::new(env!("CARGO_TARGET_TMPDIR")).join("logins"), name);
    store.write(&kept).unwrap();
    (Credential::login(config, store.clone(), kept), store)
}

#[tokio::test]
async fn an_issuer_that_is_away_is_not_noticed_before_the_end_of_the_token() {
    // It is renewed early, at about a minute before its end.
    let (credential, _) = login("early", 20);
    assert_eq!(credential.token().await.unwrap(), "of before");
    let (credential, _) = login("late", -1);
    assert!(matches!(credential.token().await, Err(LoginError::Away(..))));
}

#[tokio::test]
async fn a_login_that_somebody_has_ended_or_replaced_is_not_brought_back() {
    let (credential, store) = login("ended", 20);
    std::fs::remove_file(store.path()).unwrap();
    assert!(matches!(credential.token().await, Err(LoginError::LoggedOut)));
    assert!(store.read().unwrap().is_none());

    let (credential, store) = login("replaced", 20);
    let other = Kept { client_id: "another".to_owned(), ..store.read().unwrap().unwrap() };
    store.write(&other).unwrap();
    assert!(matches!(credential.token().await, Err(LoginError::LoggedOut)));
    assert!(store.read().unwrap() == Some(other));
}
