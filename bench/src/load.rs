//! The clients. All on one thread, each with a connection that is kept, and requests that are rendered once and then
//! only filled in: the load shares the cores with what it measures, and its own cost is printed.
//!
//! * A closed loop sends the next request when the last one is answered. It finds the most that the system can do; its
//!   latencies are those of a full system.
//! * An open loop sends by the clock, whatever the answers do. Its latencies count from the instant at which a request
//!   was due, so a request that had to wait for a free connection shows that wait (no coordinated omission).

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

mod connection;
mod http;
mod mix;
mod pace;
mod tally;

pub(crate) use connection::Connection;
pub(crate) use mix::Mix;
use mix::{Random, Reads, Transfers};
use pace::Pace;
pub(crate) use tally::{Channel, Tally};

/// After an answer that asks to come back later. Less than its `Retry-After`: a closed loop keeps the door under
/// pressure, and 256 clients that wait a second each would leave the system idle.
const PAUSE_AFTER_503: Duration = Duration::from_millis(100);
/// After a connection that broke.
const PAUSE_AFTER_BREAK: Duration = Duration::from_millis(100);
/// Requests of an open loop that may be under way. What is due beyond them waits, and its latency shows it.
const IN_FLIGHT_MAX: u32 = 1_024;
/// The same for reads and for probes.
const ASIDE_IN_FLIGHT_MAX: u32 = 128;

const ACCEPTED: u16 = 202;
const UNAVAILABLE: u16 = 503;

/// What is sent, and how fast.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Where to: the clients take turns.
    pub(crate) addrs: Vec<SocketAddr>,
    /// Who asks: the clients take turns here, too.
    pub(crate) tokens: Vec<String>,
    /// Between which wallets.
    pub(crate) mix: Mix,
    /// Transfers per second; none for a closed loop.
    pub(crate) rate: Option<u32>,
    /// Connections of a closed loop.
    pub(crate) connections: u32,
    /// Reads per second beside.
    pub(crate) reads_per_second: u32,
    /// Transfers per second beside that wait for their outcome.
    pub(crate) probes_per_second: u32,
}

/// Clients at work. They end when this is dropped.
pub(crate) struct Load {
    shared: Rc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    plan: Plan,
    /// Clients so far.
    clients: Cell<usize>,
    stopped: Cell<bool>,
    /// Wakes clients that wait for their time.
    stop: Notify,
    tally: RefCell<Tally>,
}

impl Shared {
    /// Address and token of the next client.
    fn next_client(&self) -> (SocketAddr, &str) {
        let number = self.clients.replace(self.clients.get() + 1);
        let addr = self.plan.addrs.get(number % self.plan.addrs.len().max(1)).copied();
        let token = self.plan.tokens.get(number % self.plan.tokens.len().max(1));
        let addr = addr.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        (addr, token.map_or("", String::as_str))
    }
}

impl Load {
    /// Starts all clients.
    pub(crate) fn start(plan: Plan) -> Self {
        let shared = Rc::new(Shared {
            clients: Cell::new(0),
            stopped: Cell::new(false),
            stop: Notify::new(),
            tally: RefCell::default(),
            plan,
        });
        let mut tasks = JoinSet::new();
        let plan = &shared.plan;
        match plan.rate {
            None => {
                for seed in 0..plan.connections {
                    tasks.spawn_local(closed(shared.clone(), seed.into()));
                }
            }
            Some(rate) => open(&mut tasks, &shared, Kind::Transfer, rate, IN_FLIGHT_MAX),
        }
        open(&mut tasks, &shared, Kind::Read, plan.reads_per_second, ASIDE_IN_FLIGHT_MAX);
        open(&mut tasks, &shared, Kind::Probe, plan.probes_per_second, ASIDE_IN_FLIGHT_MAX);
        Self { shared, tasks }
    }

    /// What has been answered so far. `read` must not wait for anything.
    pub(crate) fn tally<T>(&self, read: impl FnOnce(&mut Tally) -> T) -> T {
        read(&mut self.shared.tally.borrow_mut())
    }

    /// Sends nothing more, and waits for the answers that are due.
    pub(crate) async fn stop(mut self) -> Tally {
        self.shared.stopped.set(true);
        self.shared.stop.notify_waiters();
        while self.tasks.join_next().await.is_some() {}
        self.shared.tally.take()
    }
}

/// What a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Transfer,
    Read,
    /// A transfer with `Prefer: wait`.
    Probe,
}

impl Kind {
    fn channel(self, tally: &mut Tally) -> &mut Channel {
        match self {
            Self::Transfer => &mut tally.transfers,
            Self::Read => &mut tally.reads,
            Self::Probe => &mut tally.probes,
        }
    }

    /// The answer that says that it was done.
    fn good(self) -> u16 {
        if self == Self::Transfer { ACCEPTED } else { 200 }
    }
}

async fn closed(shared: Rc<Shared>, seed: u64) {
    let mut client = Client::new(&shared, Kind::Transfer, seed);
    while !shared.stopped.get() {
        client.render();
        // The same request, with the same key, until it is accepted.
        while client.send(Instant::now()).await == Some(UNAVAILABLE) && !shared.stopped.get() {
            sleep(PAUSE_AFTER_503).await;
        }
    }
}

fn open(tasks: &mut JoinSet<()>, shared: &Rc<Shared>, kind: Kind, rate: u32, in_flight_max: u32) {
    let pace = Rc::new(Pace::new(Instant::now(), rate));
    // Not more than are due in two seconds: that many cannot be under way while all is well.
    for seed in 0..in_flight_max.min(rate.saturating_mul(2)) {
        let (shared, pace) = (shared.clone(), pace.clone());
        tasks.spawn_local(async move {
            let mut client = Client::new(&shared, kind, 1_000_000 + u64::from(seed));
            while let Some(due) = pace.next()
                && !shared.stopped.get()
            {
                client.render();
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = shared.stop.notified() => {}
                }
                if shared.stopped.get() {
                    return;
                }
                client.send(due).await;
            }
        });
    }
}

/// One connection and the request that it sends next.
struct Client {
    shared: Rc<Shared>,
    kind: Kind,
    connection: Connection,
    random: Random,
    transfers: Transfers,
    reads: Reads,
    request: Vec<u8>,
}

impl Client {
    fn new(shared: &Rc<Shared>, kind: Kind, seed: u64) -> Self {
        let (addr, token) = shared.next_client();
        Self {
            shared: shared.clone(),
            kind,
            connection: Connection::new(addr),
            random: Random::new(seed),
            transfers: Transfers::new((addr, token), shared.plan.mix, kind == Kind::Probe),
            reads: Reads::new((addr, token), shared.plan.mix),
            request: Vec::new(),
        }
    }

    fn render(&mut self) {
        if self.kind == Kind::Read {
            let recent = self.shared.tally.borrow().recent(self.random.below(u64::MAX));
            self.reads.render(&mut self.random, recent, &mut self.request);
        } else {
            self.transfers.render(&mut self.random, &mut self.request);
        }
    }

    /// Sends the request and notes the answer. None when there was none.
    async fn send(&mut self, since: Instant) -> Option<u16> {
        let status = match self.connection.exchange(&self.request).await {
            Ok(answer) => {
                let status = answer.status;
                let latency = since.elapsed();
                let mut tally = self.shared.tally.borrow_mut();
                let measuring = tally.measuring;
                let good = status == self.kind.good();
                self.kind.channel(&mut tally).note(status, good, latency, measuring);
                if good && self.kind == Kind::Transfer {
                    tally.remember(answer.first_id());
                }
                Some(status)
            }
            Err(_) => None,
        };
        if status.is_none() {
            self.kind.channel(&mut self.shared.tally.borrow_mut()).broken += 1;
            sleep(PAUSE_AFTER_BREAK).await;
        }
        status
    }
}
