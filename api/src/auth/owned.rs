//! Whether what is asked for is the caller's to see. What is not is answered as if it did not exist.

use domain::ids::WalletId;
use domain::transfer::TransferKind;
use store::facts::WalletFacts;
use store::transfers::Transfer;
use wire::ProblemCode;

use super::Caller;
use crate::error::ApiError;
use crate::state::App;

/// Wallets of which an owner's transfers are listed together; an owner of more names one of them. Each
/// wallet costs two walks along an index.
const WALLETS_LISTED_MAX: usize = 25;

/// The facts of a wallet of the caller's.
pub(crate) async fn owned(
    app: &App,
    caller: &Caller,
    id: WalletId,
) -> Result<WalletFacts, ApiError> {
    let [facts] = app.facts.of_customers([id]).await?;
    facts.filter(|facts| caller.owns(facts)).ok_or_else(ApiError::wallet_not_found)
}

/// Whether one end of a transfer is the caller's.
async fn is_visible(app: &App, caller: &Caller, transfer: &Transfer) -> Result<bool, ApiError> {
    if caller.owner_id().is_none() {
        return Ok(true);
    }
    // A deposit may have no source yet; then its destination stands for both.
    let source = transfer.source.unwrap_or(transfer.destination);
    let ends = app.facts.of_customers([source, transfer.destination]).await?;
    Ok(ends.iter().flatten().any(|facts| caller.owns(facts)))
}

/// A transfer, if the caller may see it.
pub(crate) async fn seen(
    app: &App,
    caller: &Caller,
    transfer: Option<Transfer>,
) -> Result<Transfer, ApiError> {
    let transfer = transfer.ok_or_else(ApiError::transfer_not_found)?;
    if is_visible(app, caller, &transfer).await? {
        return Ok(transfer);
    }
    Err(ApiError::transfer_not_found())
}

/// Whether the caller is told why a transfer failed. That is for whoever sends: it speaks of their balance and
/// their limits. What has no source, a deposit, is for whoever gets it.
pub(crate) async fn is_told_why(
    app: &App,
    caller: &Caller,
    source: Option<WalletId>,
    kind: TransferKind,
) -> Result<bool, ApiError> {
    let Some(source) = source.filter(|_| caller.owner_id().is_some()) else { return Ok(true) };
    if kind == TransferKind::Deposit {
        return Ok(true);
    }
    let [facts] = app.facts.of_customers([source]).await?;
    Ok(facts.is_some_and(|facts| caller.owns(&facts)))
}

/// Says no to whoever does not own the wallet that money comes from. They see the transfer, so nothing is hidden.
pub(crate) async fn check_source(
    app: &App,
    caller: &Caller,
    source: Option<WalletId>,
) -> Result<(), ApiError> {
    if caller.owner_id().is_none() {
        return Ok(());
    }
    let source = source.ok_or_else(ApiError::not_the_source)?;
    let [facts] = app.facts.of_customers([source]).await?;
    let own = facts.is_some_and(|facts| caller.owns(&facts));
    if own { Ok(()) } else { Err(ApiError::not_the_source()) }
}

/// All wallets of the caller; none when they see everybody's.
pub(crate) async fn own_wallets(
    app: &App,
    caller: &Caller,
) -> Result<Option<Vec<WalletId>>, ApiError> {
    let Some(owner) = caller.owner_id() else { return Ok(None) };
    let most = u64::try_from(WALLETS_LISTED_MAX).unwrap_or(u64::MAX);
    let wallets =
        store::wallets::ids_of_owner(app.readers.writer(), owner, most.saturating_add(1)).await?;
    if wallets.len() > WALLETS_LISTED_MAX {
        let detail = format!("is required for an owner of more than {WALLETS_LISTED_MAX} wallets");
        return Err(ApiError::field(ProblemCode::InvalidParameter, "wallet_id", detail));
    }
    Ok(Some(wallets))
}
