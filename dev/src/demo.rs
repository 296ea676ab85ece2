use domain::ids::WalletId;
use wire::{CreateDeposit, OpenWallet, Wallet};

use crate::client::{Client, ClientError};
use crate::error::DevError;

/// The one currency of everything that is made here.
pub(crate) const CURRENCY: &str = "EUR";
/// What alice starts with: 100.00 EUR.
const DEPOSIT_MINOR: i64 = 10_000;

/// The two wallets that the banner's examples use, as they stand.
pub(crate) struct Demo {
    pub(crate) alice: Wallet,
    pub(crate) bob: Wallet,
}

/// Opens the demo wallets and funds one, or finds them: the keys are always the same, so a second start does nothing.
pub(crate) async fn prepare(client: &Client) -> Result<Demo, DevError> {
    let alice = open(client, "alice").await?;
    let bob = open(client, "bob").await?;
    let deposit = CreateDeposit {
        wallet_id: alice,
        amount_minor: DEPOSIT_MINOR,
        currency: CURRENCY.to_owned(),
        reference: Some("demo".to_owned()),
    };
    client.deposit("dev-demo-deposit-alice", &deposit).await?;
    Ok(Demo { alice: client.wallet(alice).await?, bob: client.wallet(bob).await? })
}

async fn open(client: &Client, owner: &str) -> Result<WalletId, ClientError> {
    let body = OpenWallet {
        owner_id: owner.to_owned(),
        currency: CURRENCY.to_owned(),
        label: Some("demo".to_owned()),
        metadata: None,
    };
    Ok(client.open_wallet(&format!("dev-demo-wallet-{owner}"), &body).await?.id)
}
