use std::collections::HashSet;
use std::sync::OnceLock;

use domain::ids::WalletId;
use tokio::task::JoinSet;
use wire::{CreateDeposit, CreateTransfer, OpenWallet};

use crate::client::Client;
use crate::demo::CURRENCY;
use crate::error::DevError;

/// Wallets of the load. Enough that most transfers of a group meet no neighbour, few enough to fund in a second.
pub(super) const WALLETS: u64 = 100;
/// Transfers, out of a hundred, that ask for more than any wallet has.
pub(super) const POOR_PERCENT: u64 = 5;

/// What the transfers of the load are found by. Their funding has it, too.
pub(crate) const REFERENCE: &str = "load";

/// What each wallet gets: 1,000,000.00 EUR, so that chance alone does not empty one in a day.
const FUNDS_MINOR: i64 = 100_000_000;
/// Largest ordinary transfer: 100.00 EUR.
const AMOUNT_MINOR_MAX: u64 = 10_000;
/// More than all wallets together ever had.
const POOR_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// The wallets of the load. Empty until they are funded, and always when there is no load.
#[derive(Default)]
pub(crate) struct Fleet {
    wallets: OnceLock<Wallets>,
}

struct Wallets {
    list: Vec<WalletId>,
    set: HashSet<WalletId>,
}

impl Fleet {
    /// Opens and funds the wallets, or finds them: the keys are always the same.
    pub(super) async fn fund(&self, client: &Client) -> Result<(), DevError> {
        let mut opening = JoinSet::new();
        for number in 0..WALLETS {
            let client = client.clone();
            opening.spawn(async move { fund_one(&client, number).await });
        }
        let mut list = Vec::new();
        while let Some(opened) = opening.join_next().await {
            let part = "the start of the load";
            list.push(opened.map_err(|source| DevError::BrokeOff { part, source })??);
        }
        let set = list.iter().copied().collect();
        // Funded once a process; a second time would change nothing.
        let _ = self.wallets.set(Wallets { list, set });
        Ok(())
    }

    /// Whether the wallet is one of the load.
    pub(crate) fn has(&self, wallet: WalletId) -> bool {
        self.wallets.get().is_some_and(|wallets| wallets.set.contains(&wallet))
    }

    /// The transfer that a number stands for; neighbouring numbers have nothing in common. None before the funding.
    pub(super) fn transfer(&self, number: u64) -> Option<CreateTransfer> {
        let wallets = &self.wallets.get()?.list;
        let random = |round: u64| spread(number.wrapping_mul(4).wrapping_add(round));
        let source = random(0) % WALLETS;
        // Any but the source.
        let destination = (source + 1 + random(1) % (WALLETS - 1)) % WALLETS;
        let poor = random(2) % 100 < POOR_PERCENT;
        let amount_minor = if poor {
            POOR_AMOUNT_MINOR
        } else {
            i64::try_from(1 + random(3) % AMOUNT_MINOR_MAX).unwrap_or(1)
        };
        Some(CreateTransfer {
            source_wallet_id: *wallets.get(usize::try_from(source).ok()?)?,
            destination_wallet_id: *wallets.get(usize::try_from(destination).ok()?)?,
            amount_minor,
            currency: CURRENCY.to_owned(),
            reference: Some(REFERENCE.to_owned()),
            metadata: None,
            capture: None,
            hold_seconds: None,
        })
    }
}

async fn fund_one(client: &Client, number: u64) -> Result<WalletId, DevError> {
    let body = OpenWallet {
        owner_id: format!("load-{number}"),
        currency: CURRENCY.to_owned(),
        label: Some("load".to_owned()),
        metadata: None,
    };
    let wallet = client.open_wallet(&format!("dev-load-wallet-{number}"), &body).await?.id;
    let deposit = CreateDeposit {
        wallet_id: wallet,
        amount_minor: FUNDS_MINOR,
        currency: CURRENCY.to_owned(),
        reference: Some(REFERENCE.to_owned()),
    };
    client.deposit(&format!("dev-load-deposit-{number}"), &deposit).await?;
    Ok(wallet)
}

/// An even 64-bit number for each number: SplitMix64 (Steele, Lea, Flood 2014).
fn spread(number: u64) -> u64 {
    let x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet() -> Fleet {
        let list: Vec<_> =
            (0..u128::from(WALLETS)).map(|id| WalletId(uuid::Uuid::from_u128(id))).collect();
        let set = list.iter().copied().collect();
        Fleet { wallets: OnceLock::from(Wallets { list, set }) }
    }

    #[test]
    fn about_one_transfer_in_twenty_lacks_the_funds() {
        let fleet = fleet();
        let transfers: Vec<_> = (0..10_000).filter_map(|number| fleet.transfer(number)).collect();
        assert_eq!(transfers.len(), 10_000);
        let poor = transfers.iter().filter(|one| one.amount_minor == POOR_AMOUNT_MINOR).count();
        assert!((400..600).contains(&poor), "{poor}");
        let to_itself = |one: &&CreateTransfer| one.source_wallet_id == one.destination_wallet_id;
        assert_eq!(transfers.iter().find(to_itself), None);
        let sources: HashSet<_> = transfers.iter().map(|one| one.source_wallet_id).collect();
        assert_eq!(sources.len(), 100);
    }

    #[test]
    fn before_the_funding_there_is_nothing_to_send() {
        assert_eq!(Fleet::default().transfer(1), None);
    }
}
