//! Lists from a real standby, as long as it is fresh.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use embedded::testing::OwnServer;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::http_client;
use crate::support::process::Process;
use crate::support::switch::Switch;

/// Longer than any step takes on a machine that has time.
const PATIENCE: Duration = Duration::from_secs(15);

/// An API that reads from a standby, and somebody who opens wallets and lists them.
struct Shop {
    http: reqwest::Client,
    base: String,
    opened: usize,
}

/// One answer to a list.
struct List {
    labels: Vec<String>,
    as_of: Option<DateTime<Utc>>,
    took: Duration,
}

impl Shop {
    async fn open(&mut self) -> String {
        self.opened += 1;
        let label = format!("wallet {}", self.opened);
        let body = json!({"owner_id": "owner", "currency": "EUR", "label": label});
        let answer = self.http.post(format!("{}/v1/wallets", self.base)).json(&body).send();
        assert_eq!(answer.await.expect("an answer").status(), 201);
        label
    }

    async fn list(&self) -> List {
        let began = Instant::now();
        let answer = self.http.get(format!("{}/v1/wallets?limit=100", self.base)).send();
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let as_of = answer.headers().get("holdfast-as-of");
        let as_of = as_of.map(|at| at.to_str().expect("a text").parse().expect("a time"));
        let body: Value = answer.json().await.expect("a body");
        let items = body["items"].as_array().expect("items");
        let labels = items.iter().map(|one| one["label"].as_str().expect("a label").to_owned());
        List { labels: labels.collect(), as_of, took: began.elapsed() }
    }

    /// Opens a wallet and waits until lists come from the standby and have it.
    async fn expect_replica(&mut self, when: &str) {
        let label = self.open().await;
        let opened_at = Utc::now();
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "{when}: no list of the standby");
            let list = self.list().await;
            if let Some(as_of) = list.as_of {
                assert!(Utc::now() - as_of < chrono::TimeDelta::milliseconds(1_500), "{when}");
                // It is not older than it says.
                let there = list.labels.contains(&label);
                assert!(there || as_of < opened_at, "{when}: as of {as_of}, without {opened_at}");
                if there {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Once the standby's data are too old, lists come from the writer, with all that there is.
    async fn expect_writer(&mut self, when: &str) {
        let began = Instant::now();
        let mut slowest = Duration::ZERO;
        loop {
            let label = self.open().await;
            let list = self.list().await;
            slowest = slowest.max(list.took);
            let lag = list.as_of.map(|as_of| Utc::now() - as_of);
            if lag.is_none() {
                assert!(list.labels.contains(&label), "{when}: a list of the writer lacks {label}");
                break;
            }
            // It takes until what was known of the standby is too old.
            assert!(began.elapsed() < PATIENCE, "{when}: still the standby: {lag:?}");
        }
        // One that waited for the standby's answer would wait for ever.
        assert!(slowest < PATIENCE, "{when}: a list took {slowest:?}");
        let again = self.list().await;
        assert!(again.as_of.is_none() && again.took < PATIENCE, "{when}");
    }
}

async fn run(server: &OwnServer, statements: &[&str]) {
    let mut connection = PgConnection::connect(&server.url()).await.expect("a connection");
    for sql in statements {
        let sql = AssertSqlSafe((*sql).to_owned());
        sqlx::query(sql).execute(&mut connection).await.expect("a statement");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_from_a_standby_unless_it_is_paused_behind_silent_away_or_promoted() {
    let writer = OwnServer::start(&[("synchronous_commit", "on")]).await.expect("a server");
    let standby = writer.standby("standby", &[]).await.expect("a standby");
    let switch = Switch::to(standby.port()).await;
    let (url, read_url) = (writer.url(), switch.url(&standby.url()));
    let api = Process::api_in(&[
        ("DATABASE_URL", url.as_str()),
        ("DATABASE_READ_URL", read_url.as_str()),
    ]);
    let base = format!("http://{}", api.address.clone().expect("an address"));
    let mut shop = Shop { http: http_client(), base, opened: 0 };
    shop.expect_replica("at first").await;

    run(&standby, &["SELECT pg_wal_replay_pause()"]).await;
    shop.expect_writer("paused").await;
    run(&standby, &["SELECT pg_wal_replay_resume()"]).await;
    shop.expect_replica("resumed").await;

    let late = ["ALTER SYSTEM SET recovery_min_apply_delay = '3s'", "SELECT pg_reload_conf()"];
    run(&standby, &late).await;
    shop.expect_writer("behind").await;
    let in_time = ["ALTER SYSTEM RESET recovery_min_apply_delay", "SELECT pg_reload_conf()"];
    run(&standby, &in_time).await;
    shop.expect_replica("caught up").await;

    switch.silence();
    shop.expect_writer("silent").await;
    switch.turn_to(standby.port());
    shop.expect_replica("heard again").await;

    switch.cut();
    shop.expect_writer("away").await;
    switch.turn_to(standby.port());
    shop.expect_replica("back").await;

    standby.promote().await.expect("a promotion");
    shop.expect_writer("promoted").await;
    // The name of the readers leads to the writer where no reader is left.
    switch.cut();
    switch.turn_to(writer.port());
    shop.expect_replica("the writer itself").await;
    assert!(api.stop());
}
