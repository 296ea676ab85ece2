//! Clients that behave: each with a key of its own, by the clock.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::histogram::Histogram;
use crate::load::Connection;
use crate::wallets::wallet_id;

/// Keys, each with a connection.
const KEYS: u64 = 20;
/// Between two requests of one key: 500 a second together.
const PAUSE: Duration = Duration::from_millis(40);

/// What they have seen.
#[derive(Default)]
pub(super) struct Seen {
    /// Balances, in microseconds from the instant at which each was due.
    pub(super) reads: Histogram,
    /// Transfers that were accepted, likewise.
    pub(super) transfers: Histogram,
    /// Answers that were neither 200 nor 202.
    pub(super) refused: u64,
    /// Connections that broke in the middle of a request.
    pub(super) broken: u64,
}

impl Seen {
    pub(super) fn trouble(&self) -> u64 {
        self.refused + self.broken
    }
}

/// Lets them work for so long.
pub(super) async fn run(addr: SocketAddr, time: Duration) -> Seen {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for key in 0..KEYS {
        clients.spawn_local(client(addr, key, (began, time), seen.clone()));
    }
    clients.join_all().await;
    seen.take()
}

async fn client(
    addr: SocketAddr,
    key: u64,
    (began, time): (Instant, Duration),
    seen: Rc<RefCell<Seen>>,
) {
    let mut connection = Connection::new(addr);
    // Spread, so that they do not all send at the same instant.
    let mut due = began + PAUSE * key as u32 / KEYS as u32;
    let mut count = 0;
    while due < began + time {
        sleep_until(due).await;
        let moves = count % 2 == 1;
        let request = if moves { transfer(addr, key) } else { read(addr, key, count) };
        let answered = connection.exchange(request.as_bytes()).await.map(|answer| answer.status);
        let mut seen = seen.borrow_mut();
        let micros = due.elapsed().as_micros() as u64;
        match answered {
            Ok(200 | 202) if moves => seen.transfers.record(micros),
            Ok(200) => seen.reads.record(micros),
            Ok(_) => seen.refused += 1,
            Err(_) => seen.broken += 1,
        }
        (due, count) = (due + PAUSE, count + 1);
    }
}

fn read(addr: SocketAddr, key: u64, count: u64) -> String {
    let wallet = wallet_id((key * 31 + count) % super::WALLETS);
    format!(
        "GET /v1/wallets/{wallet}/balance HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer other-{key}\r\n\r\n"
    )
}

fn transfer(addr: SocketAddr, key: u64) -> String {
    let (source, destination) = (wallet_id(key), wallet_id(key + KEYS));
    let body = format!(
        "{{\"source_wallet_id\":\"{source}\",\"destination_wallet_id\":\"{destination}\",\
         \"amount_minor\":1,\"currency\":\"EUR\"}}"
    );
    format!(
        "POST /v1/transfers HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer other-{key}\r\n\
         idempotency-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        Uuid::new_v4(),
        body.len()
    )
}
