//! Bulk requests, streams and watchers against running processes, from the command to the ledger.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::ids::WalletId;
use domain::transfer::TransferStatus;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use store::intake::{Manner, Submitted};

use crate::support::process::Process;
use crate::support::{World, http_client, transfer};

const SAGAS: (&str, &str) = ("HOLDFAST_ROLES", "sagas");
const SETTLED: &str =
    "SELECT count(*) FROM transfer WHERE status = 'settled' AND kind = 'transfer'";

/// A client that waits as long as a stream takes.
fn patient_client() -> Client {
    // Installs what it needs.
    drop(http_client());
    Client::builder().no_proxy().build().expect("a client")
}

fn url(api: &Process, path: &str) -> String {
    format!("http://{}{path}", api.address.as_deref().expect("an API"))
}

fn command(key: &str, from: WalletId, to: WalletId, amount: i64) -> Value {
    json!({
        "idempotency_key": key, "source_wallet_id": from, "destination_wallet_id": to,
        "amount_minor": amount, "currency": "EUR", "reference": key,
    })
}

/// Lines of a stream, as they come.
struct Lines {
    response: Response,
    text: String,
}

impl Lines {
    async fn send(http: &Client, api: &Process, body: String) -> Self {
        let request = http.post(url(api, "/v1/transfers/stream")).body(body);
        let request = request.header("Content-Type", "application/x-ndjson");
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        Self { response, text: String::new() }
    }

    /// The next line; none when the answer has ended or broken off.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.find('\n') {
                let line: String = self.text.drain(..=end).collect();
                return Some(serde_json::from_str(&line).expect("a line of JSON"));
            }
            let bytes = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_in_bulk_each_transfer_settles_or_is_rejected_for_itself() {
    let world = World::new().await;
    let wallets = world.wallets(10, 1_000).await;
    let poor = world.wallets(1, 0).await[0];
    let api = Process::api(&world.url, "127.0.0.1:0");
    let workers = Process::jobs(&world.url, &[SAGAS]);
    let http = http_client();
    for (mode, count) in [("independent", 600_usize), ("all_or_nothing", 400)] {
        let transfers: Vec<Value> = (0..count)
            .map(|index| {
                let (from, to) = (wallets[index % 10], wallets[(index + 1) % 10]);
                let from = if index % 100 == 50 { poor } else { from };
                command(&format!("{mode}-{index}"), from, to, 1)
            })
            .collect();
        let body = json!({ "mode": mode, "transfers": transfers });
        let request = http.post(url(&api, "/v1/transfers/bulk")).json(&body);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let answers: Value = response.json().await.expect("JSON");
        assert_eq!(answers["accepted"], count, "also the one that will be rejected");
    }
    world.wait_for_rest().await;
    assert_eq!(world.count(SETTLED).await, 990);
    let rejected = "SELECT count(*) FROM transfer WHERE failure_code = 'insufficient_funds'";
    assert_eq!(world.count(rejected).await, 10);
    assert!(api.stop() && workers.stop());
    world.assert_clean_slate().await;
}

/// The API is killed twice in the middle of a stream; each time the whole file is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_api_is_killed_is_sent_again_and_makes_each_transfer_once() {
    const LINES: usize = 6_000;
    let world = World::new().await;
    let wallets = world.wallets(20, 100_000).await;
    let workers = Process::jobs(&world.url, &[SAGAS]);
    let http = patient_client();
    let mut body = String::new();
    for index in 0..LINES {
        let (from, to) = (wallets[index % 20], wallets[(index + 7) % 20]);
        body.push_str(&command(&format!("line-{index}"), from, to, 1).to_string());
        body.push('\n');
    }
    let mut told: BTreeMap<u64, String> = BTreeMap::new();
    let mut end = Value::Null;
    for answers_before_death in [700, 3_000, usize::MAX] {
        let mut api = Process::api(&world.url, "127.0.0.1:0");
        let mut lines = Lines::send(&http, &api, body.clone()).await;
        let mut count = 0;
        while let Some(line) = lines.next().await {
            if !line["end"].is_null() {
                end = line;
                break;
            }
            count += 1;
            assert_eq!(line["line"], count, "in order");
            let id = line["transfer_id"].as_str().expect("an id").to_owned();
            let known = told.entry(line["line"].as_u64().expect("a number")).or_insert(id.clone());
            assert_eq!(*known, id, "line {count} is the same transfer as before");
            if count == answers_before_death {
                api.kill();
            }
        }
        if !end.is_null() {
            assert!(api.stop());
        }
    }
    assert_eq!((&end["end"], &end["last_line"]), (&json!("complete"), &json!(LINES)));
    assert!(end["replayed"].as_u64().expect("a number") >= 3_000, "{end}");
    assert_eq!(told.len(), LINES);
    world.wait_for_rest().await;
    assert!(workers.stop());
    let once = "SELECT count(DISTINCT reference) FROM transfer WHERE kind = 'transfer'";
    let all = "SELECT count(*) FROM transfer WHERE kind = 'transfer'";
    let lines = i64::try_from(LINES).expect("a count");
    assert_eq!((world.count(once).await, world.count(all).await), (lines, lines));
    assert_eq!(world.count(SETTLED).await, lines);
    world.assert_clean_slate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_transfer_overtakes_bulk_work_that_came_before_it() {
    let world = World::new().await;
    let wallets = world.wallets(10, 100_000).await;
    let commands: Vec<_> = (0..2_000)
        .map(|index| transfer(wallets[index % 10], wallets[(index + 1) % 10], 1))
        .collect();
    let mut connection = world.hot.acquire().await.expect("a connection");
    for batch in commands.chunks(250) {
        let written = store::intake::write(&mut connection, batch, Manner::Bulk).await;
        let accepted = |one: &Submitted| matches!(one, Submitted::Accepted(_));
        assert!(written.expect("a written batch").iter().all(accepted));
    }
    let single = world.accept(&[transfer(wallets[0], wallets[1], 7)]).await[0];
    let sample = store::backlog::sample(&world.reads, 9_999, Duration::ZERO).await;
    let sample = sample.expect("a sample");
    assert_eq!((sample.runnable, sample.overdue, sample.bulk), (1, 1, 2_000));

    let workers = Process::jobs(&world.url, &[SAGAS]);
    world.wait_for_rest().await;
    assert!(workers.stop());
    assert_eq!(world.status(single).await, TransferStatus::Settled);
    let before = "SELECT count(*) FROM transfer WHERE kind = 'transfer'
        AND updated_at < (SELECT updated_at FROM transfer WHERE amount_minor = 7)";
    assert_eq!(world.count(before).await, 0, "nothing of the bulk work settled before it");
    world.assert_clean_slate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_a_transfer_sees_it_settle() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let api = Process::api(&world.url, "127.0.0.1:0");
    let http = patient_client();
    let id = world.accept(&[transfer(wallets[0], wallets[1], 5)]).await[0];
    let path = format!("/v1/transfers/{id}/events");
    let mut response = http.get(url(&api, &path)).send().await.expect("an answer");
    let first = response.chunk().await.expect("an event").expect("an event");
    assert!(first.starts_with(b"event: transfer\nid: 0-accepted\n"), "{first:?}");

    let workers = Process::jobs(&world.url, &[SAGAS]);
    let began = Instant::now();
    let mut text = String::new();
    while let Some(bytes) = response.chunk().await.expect("the rest") {
        text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        assert!(began.elapsed() < Duration::from_secs(20), "no end: {text}");
    }
    assert!(text.contains("id: 3-settled\n"), "{text}");
    let again = http.get(url(&api, &path)).header("Last-Event-ID", "3-settled").send().await;
    assert_eq!(again.expect("an answer").status(), StatusCode::NO_CONTENT);
    assert!(api.stop() && workers.stop());
    world.assert_clean_slate().await;
}
