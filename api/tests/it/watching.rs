//! `GET /v1/transfers/{transfer_id}/events`.

use std::time::{Duration, Instant};

use api::Config;
use embedded::testing::TestDatabase;
use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use crate::support::{Api, config};

/// An event that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(10);
/// A retry, as the lane would note it.
const RETRY: &str = "
    INSERT INTO saga_step SELECT id, 1, 'screen', false, 1, 'transient', 'away', 'Away.', now() FROM transfer;
    UPDATE saga_open SET log_seq = 1, attempt = 1";
const SETTLE: &str = "
    UPDATE transfer SET status = 'settled', updated_at = now(),
        entry_id = '00000000-0000-7000-8000-000000000001';
    DELETE FROM saga_open";
const STICK: &str = "
    UPDATE transfer SET status = 'stuck', updated_at = now(), failure_class = 'transient',
        failure_code = 'time_out', failure_detail = 'No answer.'";

/// The events of one answer.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(api: &Api, id: &str, last_id: Option<&str>) -> Self {
        let mut request = api.client.get(format!("{}/v1/transfers/{id}/events", api.public));
        if let Some(last_id) = last_id {
            request = request.header("last-event-id", last_id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event as (id, transfer); none at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        timeout(PATIENCE, self.read()).await.unwrap()
    }

    async fn read(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                // A comment has none of them.
                if let Some(data) = field("data: ") {
                    assert_eq!(field("event: "), Some("transfer"));
                    let id = field("id: ").unwrap().to_owned();
                    return Some((id, serde_json::from_str(data).unwrap()));
                }
            }
            let bytes = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

async fn accepted(api: &Api) -> String {
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    api.transfer(&alice, &bob, 1).await.text("/id").to_owned()
}

#[tokio::test]
async fn who_watches_sees_the_state_each_change_and_the_end() {
    let api = Api::start().await;
    let id = accepted(&api).await;
    let mut events = Events::open(&api, &id, None).await;
    let (event_id, transfer) = events.next().await.unwrap();
    assert_eq!(event_id, "0-accepted");
    assert_eq!(transfer, api.get(&format!("/v1/transfers/{id}")).await.body);

    api.sql(RETRY).await;
    let (event_id, transfer) = events.next().await.unwrap();
    assert_eq!((event_id.as_str(), &transfer["status"]), ("1-accepted", &"accepted".into()));
    assert_eq!(transfer["steps"][0]["failure"]["code"], "away");

    api.sql(SETTLE).await;
    let (event_id, transfer) = events.next().await.unwrap();
    assert_eq!((event_id.as_str(), &transfer["status"]), ("1-settled", &"settled".into()));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn who_comes_back_is_told_only_what_is_new() {
    let api = Api::start().await;
    let id = accepted(&api).await;
    let mut events = Events::open(&api, &id, Some("0-accepted")).await;
    api.sql(SETTLE).await;
    assert_eq!(events.next().await.unwrap().0, "0-settled");
    assert_eq!(events.next().await, None);

    let path = format!("/v1/transfers/{id}/events");
    let answer = api.send(Method::GET, &path, &[("last-event-id", "0-settled")], "").await;
    assert_eq!(answer.status, 204, "nothing more will come");
    let mut events = Events::open(&api, &id, Some("0-accepted")).await;
    assert_eq!(events.next().await.unwrap().0, "0-settled");
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_stuck_transfer_is_watched_on() {
    let api = Api::start().await;
    let id = accepted(&api).await;
    api.sql(STICK).await;
    let mut events = Events::open(&api, &id, None).await;
    assert_eq!(events.next().await.unwrap().0, "0-stuck");
    api.sql("UPDATE transfer SET status = 'failed', updated_at = now()").await;
    assert_eq!(events.next().await.unwrap().0, "0-failed");
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn many_watch_one_transfer_and_all_are_told() {
    let api = Api::start().await;
    let id = accepted(&api).await;
    let mut all = Vec::new();
    for _ in 0..50 {
        let mut events = Events::open(&api, &id, None).await;
        assert_eq!(events.next().await.unwrap().0, "0-accepted");
        all.push(events);
    }
    api.sql(SETTLE).await;
    for mut events in all {
        assert_eq!(events.next().await.unwrap().0, "0-settled");
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test]
async fn only_so_many_watch_at_a_time_and_only_what_there_is() {
    let db = TestDatabase::create().await.unwrap();
    let api = Api::start_with(Config { watchers_max: 1, ..config(db.url()) }).await;
    let id = accepted(&api).await;
    let path = format!("/v1/transfers/{id}/events");
    let unknown = format!("/v1/transfers/{}/events", uuid::Uuid::now_v7());
    api.get(&unknown).await.assert_problem(404, "transfer_not_found");
    api.get("/v1/transfers/x/events").await.assert_problem(400, "invalid_parameter");

    let mut events = Events::open(&api, &id, None).await;
    events.next().await.unwrap();
    let answer = api.get(&path).await;
    answer.assert_problem(503, "too_many_streams");
    assert_eq!(answer.header("retry-after"), Some("1"));
    api.sql(SETTLE).await;
    while events.next().await.is_some() {}
    drop(events);
    let began = Instant::now();
    while api.get(&path).await.status != 200 {
        assert!(began.elapsed() < PATIENCE, "the place of a watcher who has left is not free");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_stop_ends_what_is_watched() {
    let mut api = Api::start().await;
    let id = accepted(&api).await;
    let mut events = Events::open(&api, &id, None).await;
    events.next().await.unwrap();
    api.stop.take().unwrap().send(()).unwrap();
    assert_eq!(events.next().await, None);
    drop((events, api.client));
    timeout(PATIENCE, api.serving).await.unwrap().unwrap();
}
