//! Wallets as operators see them: ours too, and what holds their money.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use domain::wallet::{WalletKind, WalletStatus};
use store::wallets::{Hold, LOOKED_AT_FOR_OPERATORS, ListQuery};
use wire::{OpenHold, OperatorWallet, Page, Posting, Wallet};

use super::operator::Viewer;
use crate::error::ApiError;
use crate::extract::{Id, Params, WalletPath};
use crate::state::App;
use crate::{statements, views, wallets};

/// Holds that are shown of one wallet.
const HOLDS_MAX: usize = 100;

/// `GET /admin/v1/wallets?owner_id=&kind=&label=&currency=&status=...`, newest first, ours
/// last. A page with one of the last three ends when so many rows were looked at, and its cursor
/// goes on from there.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<(HeaderMap, Json<Page<Wallet>>), ApiError> {
    let (limit, before) = params.page();
    let query = ListQuery {
        owner_id: params.text("owner_id"),
        kind: params.word("kind", WalletKind::ALL),
        label: params.text("label"),
        currency: params.read("currency", "must be an ISO 4217 code", |text| text.parse().ok()),
        status: params.word("status", WalletStatus::ALL),
        before,
        limit,
        looked_at_max: LOOKED_AT_FOR_OPERATORS,
    };
    params.finish()?;
    wallets::page(&app, &query).await
}

/// `GET /admin/v1/wallets/{wallet_id}?at=`
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    Id(id): WalletPath,
    mut params: Params,
) -> Result<Json<OperatorWallet>, ApiError> {
    let at = statements::instant(&mut params);
    params.finish()?;
    let writer = app.readers.writer();
    let found = store::wallets::get_any(writer, id).await?;
    let found = found.ok_or_else(ApiError::wallet_not_found)?;
    let then = match at {
        Some(at) => Some(statements::balance_at(&app, id, found.wallet.currency, at).await?),
        None => None,
    };
    let mut holds = store::wallets::holds(writer, id, HOLDS_MAX as u64 + 1).await?;
    let more_holds = holds.len() > HOLDS_MAX;
    holds.truncate(HOLDS_MAX);
    Ok(Json(OperatorWallet {
        wallet: views::wallet(found.wallet),
        kind: found.kind,
        role: found.role,
        shard: found.shard,
        floor_minor: found.floor,
        posting_count: found.posting_count,
        last_posted_at: found.last_posted_at,
        holds: holds.into_iter().map(hold).collect(),
        more_holds,
        then,
    }))
}

fn hold(hold: Hold) -> OpenHold {
    let transfer = hold.transfer;
    OpenHold {
        transfer_id: transfer.id,
        kind: transfer.kind,
        destination_wallet_id: transfer.destination,
        held_minor: transfer.hold,
        accepted_at: views::accepted_at(transfer.id),
        step: transfer.step,
        undo: transfer.undo_of.is_some(),
        due_at: hold.due_at,
        waiting_for: hold.waiting_for,
        parked_reason: hold.parked_reason,
    }
}

/// `GET /admin/v1/wallets/{wallet_id}/postings?limit=&cursor=`, newest first.
pub(crate) async fn postings(
    State(app): State<App>,
    _: Viewer,
    Id(id): WalletPath,
    mut params: Params,
) -> Result<(HeaderMap, Json<Page<Posting>>), ApiError> {
    let (limit, before) = params.page();
    params.finish()?;
    let found = store::wallets::get_any(app.readers.writer(), id).await?;
    found.ok_or_else(ApiError::wallet_not_found)?;
    statements::page(&app, id, before, limit).await
}
