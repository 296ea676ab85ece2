//! Brings the limits of a group's wallets into its book, and writes back what was counted.
//! Neither asks the database anything while no limit concerns the group.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use domain::group::{Book, OpenTransfer};
use domain::ids::WalletId;
use domain::limit::{LimitBook, LimitedWallet, Window};
use sqlx::PgConnection;

use crate::{StoreError, limits};

/// Limited sources, with each day on which a transfer of theirs is counted already; it may give
/// that back.
pub(super) type Concerned = BTreeSet<(WalletId, Option<NaiveDate>)>;

/// Whom limits concern among these, whose wallets are in the book.
pub(super) fn concerned<'a>(
    book: &Book,
    transfers: impl IntoIterator<Item = &'a OpenTransfer>,
) -> Concerned {
    let limited = |id: &WalletId| book.wallet(*id).is_some_and(|wallet| wallet.limited);
    let counted = transfers.into_iter().filter(|one| one.kind.is_limited());
    counted.filter_map(|one| Some((one.source.filter(limited)?, one.limit_day))).collect()
}

/// Reads the limits of these into the book, with what is used of them. With `lock` under the locks of
/// the wallets, and the usage that may change is locked; without, as a look that nobody waits for.
pub(super) async fn bring_in_tx(
    connection: &mut PgConnection,
    book: &mut Book,
    concerned: &Concerned,
    now: DateTime<Utc>,
    lock: bool,
) -> Result<(), StoreError> {
    if concerned.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<WalletId> = concerned.iter().map(|(id, _)| *id).collect();
    ids.dedup();
    let wallets = limits::rules_in_tx(connection, &ids, now).await?;
    let windows = windows(&wallets, concerned);
    let windows: Vec<&Window> = windows.iter().collect();
    let usage = if lock {
        limits::lock_in_tx(connection, &windows).await?
    } else {
        limits::read_in_tx(connection, &windows).await?
    };
    book.set_limits(LimitBook::new(wallets, usage));
    Ok(())
}

/// Writes what was counted and given back.
pub(super) async fn write_in_tx(
    connection: &mut PgConnection,
    book: &Book,
) -> Result<(), StoreError> {
    limits::write_in_tx(connection, &book.limits().changes()).await
}

/// All windows whose usage may change.
fn windows(wallets: &[LimitedWallet], concerned: &Concerned) -> BTreeSet<Window> {
    let of_wallet = |wallet: &LimitedWallet| {
        let counted = concerned.iter().filter(|(id, _)| *id == wallet.id);
        let days = counted.filter_map(|(_, day)| *day).chain([wallet.today]);
        days.flat_map(|day| wallet.windows(day)).collect::<Vec<_>>()
    };
    wallets.iter().flat_map(of_wallet).collect()
}

#[cfg(test)]
mod tests {
    use domain::ids::TransferId;
    use domain::money::{Amount, MinorUnits};
    use domain::saga::Step;
    use domain::transfer::TransferKind;
    use domain::wallet::{Balances, HotWallet, Side, WalletStatus};
    use uuid::Uuid;

    use super::*;

    fn wallet(id: u128, limited: bool) -> HotWallet {
        HotWallet {
            id: WalletId(Uuid::from_u128(id)),
            currency: "EUR".parse().unwrap(),
            normal_side: Side::Credit,
            status: WalletStatus::Active,
            floor: MinorUnits::ZERO,
            limited,
            balances: Balances::default(),
            wallet_seq: 0,
            event_seq: 0,
            last_posted_at: None,
        }
    }

    fn transfer(kind: TransferKind, from: u128, to: u128) -> OpenTransfer {
        OpenTransfer {
            id: TransferId(Uuid::from_u128(9)),
            kind,
            source: Some(WalletId(Uuid::from_u128(from))),
            destination: WalletId(Uuid::from_u128(to)),
            amount: Amount::new(1).unwrap(),
            currency: "EUR".parse().unwrap(),
            step: Step::PlaceHold,
            attempt: 0,
            undo_of: None,
            hold: MinorUnits::ZERO,
            limit_day: None,
            log_seq: 0,
            terms: None,
            answer: None,
        }
    }

    /// What costs a group its extra statements: nothing but a limited wallet that sends.
    #[test]
    fn limits_concern_only_what_limited_wallets_send() {
        let book = Book::new([wallet(1, true), wallet(2, false)]);
        for (kind, from, to, expected) in [
            (TransferKind::Transfer, 2, 1, false),
            (TransferKind::Deposit, 1, 2, false),
            (TransferKind::Transfer, 3, 1, false),
            (TransferKind::Transfer, 1, 2, true),
        ] {
            let group = [transfer(kind, from, to)];
            assert_eq!(!concerned(&book, &group).is_empty(), expected, "{kind} {from} {to}");
        }
    }
}
