//! What never changes about wallets, kept in memory: a command is checked without a
//! statement, once its wallets have been seen.

use std::sync::Arc;

use domain::ids::WalletId;
use domain::wallet::WalletKind;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use store::StoreError;
use store::facts::WalletFacts;
use store::readers::Readers;

/// Wallets remembered; about 200 MB when full, none of it before.
const WALLETS_MAX: u64 = 1_000_000;

/// The room made at the start.
const WALLETS_AT_START: usize = 10_000;

/// A cache of wallets' facts. Only wallets that exist are in it: one that does not
/// may be opened the next moment.
pub(crate) struct Facts {
    cache: Cache<WalletId, Arc<WalletFacts>>,
}

impl Facts {
    pub(crate) fn new() -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(WALLETS_AT_START)
            .weight_capacity(WALLETS_MAX)
            .build();
        let cache = match options {
            Ok(options) => Cache::with_options(
                options,
                UnitWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            // Only when an option is missing, and both are given above.
            Err(_) => Cache::new(WALLETS_AT_START),
        };
        Self { cache }
    }

    /// The facts of customers' wallets, in the order of `ids`; none for a wallet that
    /// is unknown or ours.
    pub(crate) async fn of_customers<const N: usize>(
        &self,
        readers: &Readers,
        ids: [WalletId; N],
    ) -> Result<[Option<Arc<WalletFacts>>; N], StoreError> {
        let mut facts = ids.map(|id| self.cache.get(&id));
        if facts.iter().any(Option::is_none) {
            let mut found = store::facts::facts(readers.writer(), &ids).await?;
            for (id, fact) in ids.iter().zip(&mut facts) {
                if let Some(read) = found.remove(id) {
                    let read = Arc::new(read);
                    self.cache.insert(*id, Arc::clone(&read));
                    *fact = Some(read);
                }
            }
        }
        Ok(facts.map(|fact| fact.filter(|fact| fact.kind == WalletKind::Customer)))
    }
}
