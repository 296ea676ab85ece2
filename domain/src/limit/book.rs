//! The limits of the wallets that one transaction has locked, with what has been used of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::{Limit, LimitExceeded, Subject, TimeZone, Usage, Window};
use crate::ids::WalletId;
use crate::money::MinorUnits;

/// A wallet that limits concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitedWallet {
    /// The wallet.
    pub id: WalletId,
    /// Its owner's time zone.
    pub zone: TimeZone,
    /// The day there by the clock under the locks.
    pub today: NaiveDate,
    /// Its own limits and its owner's in its currency.
    pub limits: Vec<Limit>,
}

impl LimitedWallet {
    /// Everybody whose usage the wallet's transfers are counted in.
    pub fn subjects(&self) -> BTreeSet<&Subject> {
        self.limits.iter().map(|limit| &limit.subject).collect()
    }

    /// Every window that a transfer of `day` is counted in. A subject with a limit has both its
    /// windows counted, so that a second limit knows what went before it.
    pub fn windows(&self, day: NaiveDate) -> Vec<Window> {
        self.subjects().into_iter().flat_map(|subject| subject.windows(day)).collect()
    }
}

/// Limits and usage as they stand after the transfers judged so far. Wallets that are not in it
/// have no limits.
#[derive(Debug, Clone, Default)]
pub struct LimitBook {
    wallets: BTreeMap<WalletId, LimitedWallet>,
    usage: BTreeMap<Window, Counted>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    before: Usage,
    now: Usage,
}

impl LimitBook {
    /// The limited wallets, and the usage of their windows as the locked rows say. A window
    /// that is not given has seen nothing.
    pub fn new(
        wallets: impl IntoIterator<Item = LimitedWallet>,
        usage: impl IntoIterator<Item = (Window, Usage)>,
    ) -> Self {
        let counted = |(window, now): (Window, Usage)| (window, Counted { before: now, now });
        Self {
            wallets: wallets.into_iter().map(|wallet| (wallet.id, wallet)).collect(),
            usage: usage.into_iter().map(counted).collect(),
        }
    }

    /// Counts a transfer of a wallet, or says which limit it would break and counts nothing.
    /// Of several broken limits it names the one that frees last: a client who waits for that
    /// one does not wait in vain. Returns the day that it is counted on; none when nothing
    /// limits the wallet.
    pub fn take(
        &mut self,
        wallet: WalletId,
        amount: MinorUnits,
    ) -> Result<Option<NaiveDate>, LimitExceeded> {
        let Some(limited) = self.wallets.get(&wallet) else {
            return Ok(None);
        };
        let broken = limited.limits.iter().filter_map(|limit| self.judge(limited, limit, amount));
        let last = |one: &LimitExceeded| one.frees_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
        if let Some(exceeded) = broken.max_by_key(last) {
            return Err(exceeded);
        }
        let today = limited.today;
        for window in limited.windows(today) {
            let counted = self.usage.entry(window).or_default();
            counted.now = counted.now.with(amount);
        }
        Ok(Some(today))
    }

    /// Takes a transfer out of the windows of the day that it was counted on. A subject that has
    /// no limit any more is not counted any more.
    pub fn give_back(&mut self, wallet: WalletId, day: NaiveDate, amount: MinorUnits) {
        let Some(limited) = self.wallets.get(&wallet) else {
            return;
        };
        for window in limited.windows(day) {
            let counted = self.usage.entry(window).or_default();
            counted.now = counted.now.without(amount);
        }
    }

    /// Takes a part of a transfer out of the windows of the day that it was counted on: it has
    /// moved less than was expected, and is one transfer all the same.
    pub fn give_back_part(&mut self, wallet: WalletId, day: NaiveDate, part: MinorUnits) {
        let Some(limited) = self.wallets.get(&wallet) else {
            return;
        };
        for window in limited.windows(day) {
            let counted = self.usage.entry(window).or_default();
            counted.now = counted.now.less(part);
        }
    }

    /// What is to be written: the windows that have changed, with their usage now.
    pub fn changes(&self) -> Vec<(&Window, Usage)> {
        let changed = self.usage.iter().filter(|(_, counted)| counted.before != counted.now);
        changed.map(|(window, counted)| (window, counted.now)).collect()
    }

    /// The usage of a window as it stands now.
    pub fn usage(&self, window: &Window) -> Usage {
        self.usage.get(window).map(|counted| counted.now).unwrap_or_default()
    }

    /// Today's usage that transfers of this wallet count in; empty when nothing limits it.
    pub(crate) fn noted(&self, wallet: WalletId) -> Vec<(Window, Usage)> {
        let windows = self.wallets.get(&wallet).map(|limited| limited.windows(limited.today));
        let windows = windows.unwrap_or_default().into_iter();
        windows.map(|window| (window.clone(), self.usage(&window))).collect()
    }

    /// Sets usage back to what [`Self::noted`] has said.
    pub(crate) fn restore(&mut self, noted: Vec<(Window, Usage)>) {
        for (window, usage) in noted {
            self.usage.entry(window).or_default().now = usage;
        }
    }

    /// What the transfer would break of this limit.
    fn judge(
        &self,
        limited: &LimitedWallet,
        limit: &Limit,
        amount: MinorUnits,
    ) -> Option<LimitExceeded> {
        let window = limit.window(limited.today);
        let usage = window.map(|window| self.usage(&window)).unwrap_or_default();
        if limit.allows(usage, amount) {
            return None;
        }
        Some(LimitExceeded {
            limit: limit.clone(),
            left: limit.left(usage),
            frees_at: limit.frees_at(limited.zone, limited.today),
            zone: limited.zone,
        })
    }
}
