//! The door: what is turned away, and that nobody else notices.

use std::time::Duration;

use api::Config;
use api::door::{DoorConfig, Rate};
use embedded::testing::TestDatabase;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::support::{Answer, Api, config};

mod tls;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(20);

async fn api(door: DoorConfig) -> Api {
    let db = TestDatabase::create().await.unwrap();
    Api::start_with(Config { door, ..config(db.url()) }).await
}

async fn connect(api: &Api) -> TcpStream {
    TcpStream::connect(api.public.trim_start_matches("http://")).await.unwrap()
}

/// Reads until the other end closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A connection that is cut off has ended, too.
    timeout(SOON, stream.read_to_end(&mut text)).await.unwrap().ok();
    String::from_utf8(text).unwrap()
}

fn rate(per_second: u32, burst: u32) -> Rate {
    let number = |number: u32| number.try_into().unwrap();
    Rate { per_second: number(per_second), burst: number(burst) }
}

async fn get_as(api: &Api, key: &str, path: &str) -> Answer {
    api.send(Method::GET, path, &[("authorization", key)], "").await
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_again_and_others_notice_nothing() {
    let api = api(DoorConfig { rate_key: Some(rate(1, 3)), ..DoorConfig::default() }).await;
    for _ in 0..3 {
        assert_eq!(get_as(&api, "Bearer one", "/v1/wallets").await.status, 200);
    }
    let refused = get_as(&api, "Bearer one", "/v1/wallets").await;
    refused.assert_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(get_as(&api, "Bearer two", "/v1/wallets").await.status, 200);
    // Whoever watches over the process is never turned away.
    assert_eq!(get_as(&api, "Bearer one", "/health/ready").await.status, 200);
}

#[tokio::test]
async fn what_the_door_refuses_has_not_happened() {
    let api = api(DoorConfig { rate_address: Some(rate(1, 1)), ..DoorConfig::default() }).await;
    assert_eq!(api.get("/v1/wallets").await.status, 200);
    let body = json!({ "owner_id": "somebody", "currency": "EUR" });
    api.post("/v1/wallets", &[], &body).await.assert_problem(429, "rate_limited");
    assert_eq!(api.count("wallet WHERE kind = 'customer'").await, 0);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_for_itself() {
    let trusted_proxies = "127.0.0.0/8".parse().unwrap();
    let door =
        DoorConfig { rate_address: Some(rate(1, 1)), trusted_proxies, ..DoorConfig::default() };
    let api = api(door).await;
    let from = async |address: &str| {
        api.send(Method::GET, "/v1/wallets", &[("x-forwarded-for", address)], "").await.status
    };
    assert_eq!(from("203.0.113.1").await, 200);
    assert_eq!(from("203.0.113.1").await, 429);
    assert_eq!(from("203.0.113.2").await, 200);
}

#[tokio::test]
async fn a_process_with_all_hands_full_turns_away_and_stays_alive() {
    let api = api(DoorConfig { requests_max: 1, ..DoorConfig::default() }).await;
    let [source, destination] = [api.wallet("a", "EUR").await, api.wallet("b", "EUR").await];
    let key = Uuid::now_v7().to_string();
    let body = json!({
        "source_wallet_id": source, "destination_wallet_id": destination, "amount_minor": 1, "currency": "EUR",
    });
    let headers = [("idempotency-key", key.as_str()), ("prefer", "wait=20")];
    let waits = api.post("/v1/transfers", &headers, &body);
    tokio::pin!(waits);
    let written = async {
        while api.count("transfer").await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = &mut waits => panic!("nobody settles it: {answer:?}"),
        () = written => {}
    }
    let refused = api.get("/v1/wallets").await;
    refused.assert_problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(api.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn an_address_or_headers_that_are_too_long_are_told_so() {
    let api = api(DoorConfig::default()).await;
    let long = "x".repeat(9 * 1024);
    api.get(&format!("/v1/wallets?owner_id={long}")).await.assert_problem(414, "uri_too_long");
    let headers = [("x-one", long.as_str()), ("x-two", long.as_str())];
    let answer = api.send(Method::GET, "/v1/wallets", &headers, "").await;
    answer.assert_problem(431, "headers_too_large");
    // Beyond that nothing is read, so nothing of ours can answer.
    for (head, status) in [
        (
            format!("GET /v1/wallets HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(400 * 1024)),
            "431",
        ),
        (format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(400 * 1024)), "431"),
    ] {
        let mut stream = connect(&api).await;
        stream.write_all(head.as_bytes()).await.ok();
        let answer = rest(&mut stream).await;
        // What was not read makes the system cut the connection off, which may be faster than the answer.
        assert!(
            answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn headers_that_drip_are_given_up_in_time() {
    let header_max = Duration::from_millis(300);
    let api = api(DoorConfig { header_max, ..DoorConfig::default() }).await;
    let started = Instant::now();
    let mut stream = connect(&api).await;
    stream.write_all(b"GET /v1/wallets HTTP/1.1\r\n").await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let drip = async {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(header_max / 10).await;
        }
    };
    let mut nothing = [0];
    tokio::select! {
        read = timeout(SOON, reading.read(&mut nothing)) => {
            assert!(!matches!(read.expect("it stays open"), Ok(1..)), "it was answered");
        }
        () = drip => {}
    }
    assert!(started.elapsed() >= header_max);
    // One that says nothing at all is given up as well.
    assert_eq!(rest(&mut connect(&api).await).await, "");
}

#[tokio::test]
async fn slow_connections_make_room_for_one_that_asks() {
    let api = api(DoorConfig { connections_max: 8, ..DoorConfig::default() }).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut stream = connect(&api).await;
        stream.write_all(b"GET /v1/wallets HTTP/1.1\r\n").await.unwrap();
        slow.push(stream);
    }
    for _ in 0..3 {
        assert_eq!(api.get("/v1/wallets").await.status, 200);
    }
    assert_eq!(rest(&mut slow[0]).await, "", "the oldest had to go");
}

#[tokio::test]
async fn connections_that_idle_do_not_hold_up_the_end() {
    let header_max = Duration::from_millis(300);
    let mut api = api(DoorConfig { header_max, ..DoorConfig::default() }).await;
    let (_silent, mut begun) = (connect(&api).await, connect(&api).await);
    begun.write_all(b"GET /v1/wa").await.unwrap();
    assert_eq!(api.get("/v1/wallets").await.status, 200);
    drop(api.stop.take());
    timeout(SOON, &mut api.serving).await.expect("it waits for nobody").unwrap();
}

#[tokio::test]
async fn answers_are_for_programs_and_pages_of_other_hosts_read_none() {
    let api = api(DoorConfig::default()).await;
    let origin = [("origin", "https://app.example.com")];
    for answer in
        [api.get("/v1/wallets").await, api.send(Method::GET, "/nowhere", &origin, "").await]
    {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        // Nobody promised TLS.
        assert_eq!(answer.header("strict-transport-security"), None);
    }
}

#[tokio::test]
async fn only_pages_of_the_origins_that_are_named_may_call() {
    let cors_origins = vec!["https://app.example.com".parse().unwrap()];
    let api = api(DoorConfig { cors_origins, ..DoorConfig::default() }).await;
    let ask = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "idempotency-key, content-type"),
        ];
        api.send(Method::OPTIONS, "/v1/transfers", &headers, "").await
    };
    let allowed = ask("https://app.example.com").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("idempotency-key"));
    assert_eq!(ask("https://other.example.com").await.header("access-control-allow-origin"), None);
    // Problems can be read, too.
    let origin = [("origin", "https://app.example.com")];
    let missing = api.send(Method::GET, "/v1/wallets/none", &origin, "").await;
    assert_eq!(missing.header("access-control-allow-origin"), Some("https://app.example.com"));
}
