//! The locked wallets of a group and what has been written about them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::ids::{EntryId, TransferId, WalletId, of_millisecond};
use crate::journal::{JournalEntry, Posting};
use crate::limit::LimitBook;
use crate::money::{MinorUnits, MoneyOverflow};
use crate::terms::ReversalTerms;
use crate::wallet::{HotWallet, Side};

/// The wallets that this transaction has locked, as they stand after the
/// transfers advanced so far.
#[derive(Debug, Clone, Default)]
pub struct Book {
    wallets: BTreeMap<WalletId, Page>,
    /// What reversals have taken back of each transfer that is locked here: as stored, and now.
    reversed: BTreeMap<TransferId, (MinorUnits, MinorUnits)>,
    /// The limits of those wallets that have some.
    limits: LimitBook,
}

#[derive(Debug, Clone)]
struct Page {
    before: HotWallet,
    now: HotWallet,
}

/// What has changed in one wallet, as differences to its stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletChange {
    /// The wallet.
    pub id: WalletId,
    /// Growth of the posted debits.
    pub debits_posted: i64,
    /// Growth of the posted credits.
    pub credits_posted: i64,
    /// Growth of the pending debits; negative when holds were captured or voided.
    pub debits_pending: i64,
    /// Postings added.
    pub postings: i64,
    /// Events added.
    pub events: i64,
    /// Time of the newest posting.
    pub last_posted_at: Option<DateTime<Utc>>,
}

/// A posted journal entry with what each posting left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedEntry {
    /// The entry; a uuid v7 of the millisecond of `posted_at`.
    pub id: EntryId,
    /// The transfer that it carries out.
    pub transfer: TransferId,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// Its postings.
    pub lines: Vec<PostedLine>,
}

/// A posting with its place in the wallet's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedLine {
    /// The posting.
    pub posting: Posting,
    /// Its number in the wallet.
    pub wallet_seq: i64,
    /// The wallet's ledger balance after it.
    pub balance_after: MinorUnits,
}

impl Book {
    /// The wallets as their locked rows say.
    pub fn new(wallets: impl IntoIterator<Item = HotWallet>) -> Self {
        let page = |wallet: HotWallet| (wallet.id, Page { before: wallet.clone(), now: wallet });
        let wallets = wallets.into_iter().map(page).collect();
        Self { wallets, ..Self::default() }
    }

    /// The same with what reversals have taken back of these transfers, as their locked rows say.
    #[must_use]
    pub fn with_reversed(
        mut self,
        reversed: impl IntoIterator<Item = (TransferId, MinorUnits)>,
    ) -> Self {
        self.reversed.extend(reversed.into_iter().map(|(id, minor)| (id, (minor, minor))));
        self
    }

    /// What reversals take back of each transfer from now on, where that has changed.
    pub fn reversals(&self) -> Vec<(TransferId, MinorUnits)> {
        let changed = self.reversed.iter().filter(|(_, (before, now))| before != now);
        changed.map(|(id, (_, now))| (*id, *now)).collect()
    }

    /// Whether so much may still be taken back.
    pub(super) fn may_take_back(&self, original: &ReversalTerms, amount: MinorUnits) -> bool {
        let reversed = self.reversed.get(&original.transfer_id);
        let after = reversed.and_then(|(_, now)| now.plus(amount).ok());
        after.is_some_and(|after| after <= original.moved_minor)
    }

    /// Counts what a reversal has reserved. Asked first: [`Self::may_take_back`].
    pub(super) fn take_back(&mut self, original: TransferId, amount: MinorUnits) {
        if let Some((_, now)) = self.reversed.get_mut(&original) {
            *now = now.plus(amount).unwrap_or(*now);
        }
    }

    /// Counts it no more.
    pub(super) fn give_back(&mut self, original: TransferId, amount: MinorUnits) {
        if let Some((_, now)) = self.reversed.get_mut(&original) {
            *now = now.minus(amount).unwrap_or(*now);
        }
    }

    /// Adds the limits of those wallets that say that they have some.
    pub fn set_limits(&mut self, limits: LimitBook) {
        self.limits = limits;
    }

    /// The limits of the wallets, with their usage as it stands now.
    pub fn limits(&self) -> &LimitBook {
        &self.limits
    }

    pub(super) fn limits_mut(&mut self) -> &mut LimitBook {
        &mut self.limits
    }

    /// A wallet as it stands now.
    pub fn wallet(&self, id: WalletId) -> Option<&HotWallet> {
        self.wallets.get(&id).map(|page| &page.now)
    }

    pub(super) fn wallet_mut(&mut self, id: WalletId) -> Option<&mut HotWallet> {
        self.wallets.get_mut(&id).map(|page| &mut page.now)
    }

    /// Takes the next event number of a wallet.
    pub(super) fn next_event(&mut self, id: WalletId) -> Option<(WalletId, i64)> {
        let wallet = self.wallet_mut(id)?;
        wallet.event_seq = wallet.event_seq.checked_add(1)?;
        Some((id, wallet.event_seq))
    }

    /// Posts an entry, or changes nothing. `now` is raised to the newest posting
    /// of each wallet concerned, because time never runs backwards in a wallet.
    ///
    /// The entry's id gets the time at which it is posted, and the rest of `new`, a uuid v7. So the week of an
    /// entry is that of its postings, and a wallet's postings before a week's end are the first ones of the wallet.
    pub(super) fn post(
        &mut self,
        new: Uuid,
        transfer: TransferId,
        entry: &JournalEntry,
        now: DateTime<Utc>,
    ) -> Result<PostedEntry, MoneyOverflow> {
        let mut after: BTreeMap<WalletId, HotWallet> = BTreeMap::new();
        let mut posted_at = now;
        for posting in entry.postings() {
            let wallet = self.wallet(posting.wallet).ok_or(MoneyOverflow)?;
            posted_at = wallet.last_posted_at.map_or(posted_at, |last| last.max(posted_at));
            after.insert(posting.wallet, wallet.clone());
        }
        let mut lines = Vec::with_capacity(entry.postings().len());
        for posting in entry.postings() {
            let wallet = after.get_mut(&posting.wallet).ok_or(MoneyOverflow)?;
            let counter = match posting.side {
                Side::Debit => &mut wallet.balances.debits_posted,
                Side::Credit => &mut wallet.balances.credits_posted,
            };
            *counter = counter.plus(posting.amount)?;
            wallet.wallet_seq = wallet.wallet_seq.checked_add(1).ok_or(MoneyOverflow)?;
            wallet.last_posted_at = Some(posted_at);
            lines.push(PostedLine {
                posting: *posting,
                wallet_seq: wallet.wallet_seq,
                balance_after: wallet.balances.ledger(wallet.normal_side)?,
            });
        }
        for (wallet_id, wallet) in after {
            if let Some(now) = self.wallet_mut(wallet_id) {
                *now = wallet;
            }
        }
        let id = EntryId(of_millisecond(new, posted_at));
        Ok(PostedEntry { id, transfer, posted_at, lines })
    }

    /// What is to be written to the wallets' rows, in order of their ids.
    pub fn changes(&self) -> Result<Vec<WalletChange>, MoneyOverflow> {
        let changed = self.wallets.values().filter(|page| page.before != page.now);
        changed.map(Page::change).collect()
    }
}

impl Page {
    fn change(&self) -> Result<WalletChange, MoneyOverflow> {
        let (before, now) = (&self.before.balances, &self.now.balances);
        let grown = |now: i64, before: i64| now.checked_sub(before).ok_or(MoneyOverflow);
        Ok(WalletChange {
            id: self.now.id,
            debits_posted: now.debits_posted.minus(before.debits_posted)?.0,
            credits_posted: now.credits_posted.minus(before.credits_posted)?.0,
            debits_pending: now.debits_pending.minus(before.debits_pending)?.0,
            postings: grown(self.now.wallet_seq, self.before.wallet_seq)?,
            events: grown(self.now.event_seq, self.before.event_seq)?,
            last_posted_at: self.now.last_posted_at,
        })
    }
}
