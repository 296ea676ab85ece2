//! `/v1/transfers`: one, and lists. Commands are in `submit`, many at once in `bulk` and `stream`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use domain::idempotency::IdempotencyKey;
use domain::ids::{TransferId, WalletId};
use domain::transfer::TransferStatus;
use store::transfers::{LOOKED_AT_FOR_CLIENTS, ListQuery};
use wire::Page;

use crate::auth::{Caller, Reader, is_told_why, own_wallets, owned, seen};
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Id, NoParams, Params, TransferPath};
use crate::state::App;
use crate::{statements, views};

mod bulk;
mod checked;
mod events;
mod hold;
mod many;
mod payout;
mod reverse;
mod stream;
mod submit;
mod terms;
pub(crate) use bulk::bulk;
pub(crate) use events::events;
pub(crate) use hold::{capture, void};
pub(crate) use payout::payout;
pub(crate) use reverse::reverse;
pub(crate) use stream::{Streams, stream};
pub(crate) use submit::{deposit, transfer};

/// `GET /v1/transfers/{transfer_id}`
pub(crate) async fn get(
    State(app): State<App>,
    Reader(caller): Reader,
    Id(id): TransferPath,
    _: NoParams,
) -> Result<Json<wire::Transfer>, ApiError> {
    let transfer = store::transfers::get(app.readers.writer(), id).await?;
    let transfer = seen(&app, &caller, transfer).await?;
    let mut transfer = with_steps(&app, transfer).await?;
    tell_why_or_not(&app, &caller, &mut transfer).await?;
    Ok(Json(transfer))
}

/// Leaves out why a transfer failed when that is not for the caller.
async fn tell_why_or_not(
    app: &App,
    caller: &Caller,
    transfer: &mut wire::Transfer,
) -> Result<(), ApiError> {
    if !is_told_why(app, caller, transfer.source_wallet_id, transfer.kind).await? {
        views::leave_out_why(transfer);
    }
    Ok(())
}

/// A transfer with its timeline; none when it is unknown.
pub(crate) async fn read(app: &App, id: TransferId) -> Result<Option<wire::Transfer>, ApiError> {
    match store::transfers::get(app.readers.writer(), id).await? {
        Some(transfer) => with_steps(app, transfer).await.map(Some),
        None => Ok(None),
    }
}

async fn with_steps(
    app: &App,
    transfer: store::transfers::Transfer,
) -> Result<wire::Transfer, ApiError> {
    let id = transfer.id;
    let mut transfer = views::transfer(transfer);
    // The saga writes a status together with its steps, so a transfer that was
    // read as accepted may show steps that came since, but never lacks one.
    let steps = store::transfers::steps(app.readers.writer(), id).await?;
    transfer.steps = Some(steps.into_iter().map(views::step).collect());
    Ok(transfer)
}

/// `GET /v1/transfers?wallet_id=&status=&idempotency_key=&limit=&cursor=`
pub(crate) async fn list(
    State(app): State<App>,
    Reader(caller): Reader,
    mut params: Params,
) -> Result<(HeaderMap, Json<Page<wire::Transfer>>), ApiError> {
    let wallet: Option<WalletId> = params.id("wallet_id");
    let words: Vec<&str> = TransferStatus::ALL.iter().map(|status| status.as_str()).collect();
    let wanted = format!("must be one of {}", words.join(", "));
    let status: Option<TransferStatus> = params.read("status", &wanted, |text| text.parse().ok());
    let key = key(&mut params);
    let (limit, before) = params.page();
    params.finish()?;

    let wallets = match wallet {
        Some(id) if caller.owner_id().is_some() => {
            owned(&app, &caller, id).await?;
            None
        }
        // What a key of theirs made is theirs.
        None if key.is_none() => own_wallets(&app, &caller).await?,
        _ => None,
    };
    let query = ListQuery {
        wallet,
        wallets,
        status,
        before,
        limit,
        looked_at_max: LOOKED_AT_FOR_CLIENTS,
        ..ListQuery::default()
    };
    let (headers, Json(mut page)) =
        page(&app, &query, key.map(|key| (caller.id.clone(), key))).await?;
    if caller.owner_id().is_some() {
        // All at once: whoever asks for each of them below finds it in the cache.
        let failed = page.items.iter().filter(|transfer| transfer.failure.is_some());
        app.facts.of_many(failed.filter_map(|transfer| transfer.source_wallet_id)).await?;
    }
    for transfer in page.items.iter_mut().filter(|transfer| transfer.failure.is_some()) {
        tell_why_or_not(&app, &caller, transfer).await?;
    }
    Ok((headers, Json(page)))
}

/// The parameter `idempotency_key`.
pub(crate) fn key(params: &mut Params) -> Option<IdempotencyKey> {
    let wanted = "must be 1 to 255 visible ASCII characters";
    params.read("idempotency_key", wanted, |text| IdempotencyKey::new(text).ok())
}

/// A page of a list of transfers; with a key of a caller, of the one that it made.
pub(crate) async fn page(
    app: &App,
    query: &ListQuery,
    key: Option<(String, IdempotencyKey)>,
) -> Result<(HeaderMap, Json<Page<wire::Transfer>>), ApiError> {
    if let Some((caller, key)) = key {
        // At most one: a look-up, for which the writer is right.
        let found = store::transfers::by_key(app.readers.writer(), &caller, &key).await?;
        let found = found.into_iter().filter(|transfer| query.picks(transfer));
        let items = found.map(views::transfer).collect();
        return Ok((HeaderMap::new(), Json(Page { items, next_cursor: None })));
    }
    let read = |pool| async move { store::transfers::list(&pool, query).await };
    let (page, as_of) = app.readers.list(read).await?;
    let next_cursor = page.before.map(|id| id.encode());
    let items = page.transfers.into_iter().map(views::transfer).collect();
    Ok((statements::as_of_header(as_of), Json(Page { items, next_cursor })))
}
