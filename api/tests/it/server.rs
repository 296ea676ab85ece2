//! Start and stop.

use std::error::Error;
use std::time::{Duration, Instant};

use api::{ApiStartError, Config, Server};
use embedded::testing::TestDatabase;

use crate::support::{Api, config};

#[tokio::test]
async fn a_taken_port_stops_the_start_and_names_its_variable() {
    let api = Api::start().await;
    let taken = api.public.trim_start_matches("http://").parse().unwrap();
    let config = Config { public_addr: taken, ..config(&api.database_url) };
    let error = Server::bind(&config).await.err().unwrap();
    assert!(matches!(error, ApiStartError::Listen { .. }));
    assert_eq!(error.to_string(), format!("cannot listen on {taken} (HOLDFAST_API_ADDR)"));
    assert!(error.source().is_some());
}

#[tokio::test]
async fn run_ends_when_it_is_told_to() {
    let db = TestDatabase::create().await.unwrap();
    api::run(config(db.url()), async {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_a_health_check_says_how_a_process_is() {
    let api = Api::start().await;
    let address = api.public.trim_start_matches("http://").to_owned();
    let ask = async |words: Vec<String>| {
        let ask = move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            api::probe::asked(&words)
        };
        tokio::task::spawn_blocking(ask).await.unwrap()
    };
    let words = |what: &str| vec!["health".to_owned(), what.to_owned(), address.clone()];
    assert_eq!(ask(words("live")).await, Some(Ok(())));
    assert_eq!(ask(words("ready")).await, Some(Ok(())));
    sqlx::query("DELETE FROM seaql_migrations").execute(&api.pool).await.unwrap();
    // What was found is said again for a moment.
    let deadline = Instant::now() + Duration::from_secs(10);
    let sentence = loop {
        match ask(words("ready")).await.unwrap() {
            Err(sentence) => break sentence,
            Ok(()) => assert!(Instant::now() < deadline, "it stays ready"),
        }
    };
    assert!(sentence.starts_with(&format!("{address} is not ready: 503 ")), "{sentence}");
    assert!(sentence.contains("lacks the migration"), "{sentence}");
    assert_eq!(ask(words("live")).await, Some(Ok(())));
    let nobody = vec!["health".to_owned(), "live".to_owned(), "127.0.0.1:1".to_owned()];
    assert!(ask(nobody).await.unwrap().unwrap_err().starts_with("127.0.0.1:1: "));
    assert!(ask(words("well")).await.unwrap().unwrap_err().starts_with("usage: "));
    assert_eq!(ask(vec![]).await, None);
}
