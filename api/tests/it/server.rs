//! Start and stop.

use std::error::Error;

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
