//! What never changes about wallets, kept in memory: a command is checked without a
//! statement, once its wallets have been seen.
//!
//! Wallets that have not been seen are read by few tasks for all requests: each reads at
//! once what all of them have asked for while the last statement ran.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::ids::WalletId;
use domain::wallet::WalletKind;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use store::StoreError;
use store::facts::WalletFacts;
use store::pool::Pool;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Wallets remembered; about 200 MB when full, none of it before.
const WALLETS_MAX: u64 = 1_000_000;
/// The room made at the start.
const WALLETS_AT_START: usize = 10_000;
/// Requests that one statement reads for.
const ASKS_MAX: usize = 256;
/// Statements in flight.
const LOADER_COUNT: usize = 2;
/// A statement that takes longer has lost its connection; as long as one is waited for.
const READ_TIME_MAX: Duration = Duration::from_secs(5);

type Wallets = Cache<WalletId, WalletFacts>;

/// A request that waits for wallets to be in the cache. They come with the answer,
/// because the cache may have dropped them again.
struct Ask {
    ids: Vec<WalletId>,
    answer: oneshot::Sender<Result<Vec<Option<WalletFacts>>, Arc<StoreError>>>,
}

/// A cache of wallets' facts. Only wallets that exist are in it: one that does not
/// may be opened the next moment.
pub(crate) struct Facts {
    cache: Arc<Wallets>,
    asks: mpsc::UnboundedSender<Ask>,
}

impl Facts {
    /// Starts the tasks that read from `pool` on the current tokio runtime. They end with
    /// the cache.
    pub(crate) fn start(pool: &Pool) -> Self {
        let cache = Arc::new(cache());
        // Its length is bounded by that of the requests in flight.
        let (asks, queue) = mpsc::unbounded_channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..LOADER_COUNT {
            tokio::spawn(load(queue.clone(), cache.clone(), pool.clone()));
        }
        Self { cache, asks }
    }

    /// The facts of customers' wallets, in the order of `ids`; none for a wallet that
    /// is unknown or ours.
    pub(crate) async fn of_customers<const N: usize>(
        &self,
        ids: [WalletId; N],
    ) -> Result<[Option<WalletFacts>; N], Arc<StoreError>> {
        let mut facts = ids.map(|id| self.cache.get(&id));
        if facts.iter().any(Option::is_none) {
            let read = self.read(ids.to_vec()).await?;
            facts.iter_mut().zip(read).for_each(|(fact, read)| *fact = read);
        }
        Ok(facts.map(|fact| fact.filter(|fact| fact.kind == WalletKind::Customer)))
    }

    /// The facts of those of `ids` that are customers' wallets, with one statement for all that
    /// have not been seen.
    pub(crate) async fn of_many(
        &self,
        ids: impl IntoIterator<Item = WalletId>,
    ) -> Result<HashMap<WalletId, WalletFacts>, Arc<StoreError>> {
        let wanted: HashSet<WalletId> = ids.into_iter().collect();
        let mut known = HashMap::with_capacity(wanted.len());
        let mut unseen = Vec::new();
        for id in wanted {
            match self.cache.get(&id) {
                Some(fact) => _ = known.insert(id, fact),
                None => unseen.push(id),
            }
        }
        if !unseen.is_empty() {
            let read = self.read(unseen.clone()).await?;
            let found = unseen.into_iter().zip(read);
            known.extend(found.filter_map(|(id, fact)| Some((id, fact?))));
        }
        known.retain(|_, fact| fact.kind == WalletKind::Customer);
        Ok(known)
    }

    /// Has wallets read that have not been seen; the answers are in the order of `ids`.
    async fn read(&self, ids: Vec<WalletId>) -> Result<Vec<Option<WalletFacts>>, Arc<StoreError>> {
        let (answer, answered) = oneshot::channel();
        // An ask that nobody takes or answers ends as the error below.
        self.asks.send(Ask { ids, answer }).ok();
        answered.await.unwrap_or_else(|_| Err(Arc::new(StoreError::Contended)))
    }
}

fn cache() -> Wallets {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(WALLETS_AT_START)
        .weight_capacity(WALLETS_MAX)
        .build();
    match options {
        Ok(options) => Cache::with_options(
            options,
            UnitWeighter,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        // Only when an option is missing, and both are given above.
        Err(_) => Cache::new(WALLETS_AT_START),
    }
}

async fn load(queue: Arc<Mutex<mpsc::UnboundedReceiver<Ask>>>, cache: Arc<Wallets>, pool: Pool) {
    loop {
        let mut asks = Vec::new();
        // Held while waiting for the first one, so the tasks take turns.
        if queue.lock().await.recv_many(&mut asks, ASKS_MAX).await == 0 {
            return;
        }
        let wanted: HashSet<WalletId> = asks.iter().flat_map(|ask| ask.ids.clone()).collect();
        let wanted: Vec<WalletId> = wanted.into_iter().collect();
        let reading = store::facts::facts(&pool, &wanted);
        let read = tokio::time::timeout(READ_TIME_MAX, reading).await;
        let read = read.unwrap_or(Err(StoreError::NoAnswer)).map_err(Arc::new);
        if let Ok(found) = &read {
            for (id, facts) in found {
                cache.insert(*id, *facts);
            }
        }
        for Ask { ids, answer } in asks {
            let of_ids = |found: &HashMap<WalletId, WalletFacts>| {
                ids.iter().map(|id| found.get(id).copied()).collect()
            };
            // A client that is gone does not need it.
            answer.send(read.as_ref().map(of_ids).map_err(Arc::clone)).ok();
        }
    }
}
