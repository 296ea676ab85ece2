//! The attack: one key that floods, and connections that never finish their headers. On a thread of its own, so that
//! the clients that are measured do not wait for it in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::load::Connection;
use crate::wallets::wallet_id;

/// Connections of the flood.
const FLOOD_CONNECTIONS: u32 = 64;
/// Between two bytes of a slow connection: it never falls silent, and never ends.
const DRIP: Duration = Duration::from_secs(2);
/// Before a slow connection that was closed comes again.
const AGAIN: Duration = Duration::from_millis(200);

/// An attack under way. It ends when this is dropped.
pub(super) struct Attack {
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    stop: AtomicBool,
    sent: AtomicU64,
    refused: AtomicU64,
    let_in: AtomicU64,
    otherwise: AtomicU64,
    slow_open: AtomicU64,
    slow_closed: AtomicU64,
}

/// How far it has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) sent: u64,
    pub(super) refused: u64,
    pub(super) let_in: u64,
    pub(super) otherwise: u64,
    /// Slow connections now.
    pub(super) slow_open: u64,
    pub(super) slow_closed: u64,
}

impl Done {
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            sent: self.sent - earlier.sent,
            refused: self.refused - earlier.refused,
            let_in: self.let_in - earlier.let_in,
            otherwise: self.otherwise - earlier.otherwise,
            slow_open: self.slow_open,
            slow_closed: self.slow_closed - earlier.slow_closed,
        }
    }
}

impl Attack {
    /// So many requests a second of one key, and so many slow connections.
    pub(super) fn start(addr: SocketAddr, flood: u32, slow: u32) -> std::io::Result<Self> {
        let counts = Arc::new(Counts::default());
        let (shared, runtime) =
            (counts.clone(), Builder::new_current_thread().enable_all().build()?);
        let thread = thread::spawn(move || {
            let local = LocalSet::new();
            for number in 0..slow {
                local.spawn_local(dawdle(addr, number, shared.clone()));
            }
            for number in 0..FLOOD_CONNECTIONS {
                local.spawn_local(send(addr, number, flood, shared.clone()));
            }
            runtime.block_on(local.run_until(async {
                while !shared.stop.load(Ordering::Relaxed) {
                    sleep(AGAIN).await;
                }
            }));
        });
        Ok(Self { counts, thread: Some(thread) })
    }

    pub(super) fn done(&self) -> Done {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        Done {
            sent: read(&counts.sent),
            refused: read(&counts.refused),
            let_in: read(&counts.let_in),
            otherwise: read(&counts.otherwise),
            slow_open: read(&counts.slow_open),
            slow_closed: read(&counts.slow_closed),
        }
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.counts.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Sends a part of the flood by the clock.
async fn send(addr: SocketAddr, number: u32, per_second: u32, counts: Arc<Counts>) {
    let mut connection = Connection::new(addr);
    let wallet = wallet_id(u64::from(number));
    let request = format!(
        "GET /v1/wallets/{wallet}/balance HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer flood\r\n\r\n"
    );
    let pause = Duration::from_secs(1) * FLOOD_CONNECTIONS / per_second.max(1);
    let mut due = Instant::now() + pause * number / FLOOD_CONNECTIONS;
    loop {
        sleep_until(due).await;
        counts.sent.fetch_add(1, Ordering::Relaxed);
        let counted =
            match connection.exchange(request.as_bytes()).await.map(|answer| answer.status) {
                Ok(429) => &counts.refused,
                Ok(200) => &counts.let_in,
                _ => &counts.otherwise,
            };
        counted.fetch_add(1, Ordering::Relaxed);
        // What could not be sent in time is left out: it sends as fast as it can, but no faster than told.
        due = (due + pause).max(Instant::now().checked_sub(pause * 10).unwrap_or(due));
    }
}

/// Opens a connection, begins a request and never ends it; again whenever the API has enough of it.
async fn dawdle(addr: SocketAddr, number: u32, counts: Arc<Counts>) {
    // They come within two seconds, not all at once: the kernel would lose most of them.
    sleep(Duration::from_micros(u64::from(number) * 200)).await;
    loop {
        if let Ok(stream) = TcpStream::connect(addr).await {
            counts.slow_open.fetch_add(1, Ordering::Relaxed);
            drip(stream).await;
            counts.slow_open.fetch_sub(1, Ordering::Relaxed);
            counts.slow_closed.fetch_add(1, Ordering::Relaxed);
        }
        sleep(AGAIN).await;
    }
}

/// Sends byte after byte until the other end closes.
async fn drip(mut stream: TcpStream) {
    if stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.is_err() {
        return;
    }
    let mut answer = [0; 64];
    loop {
        tokio::select! {
            // An answer, or the end: either is the end of this one.
            _ = stream.read(&mut answer) => return,
            () = sleep(DRIP) => {}
        }
        if stream.write_all(b"x").await.is_err() {
            return;
        }
    }
}
