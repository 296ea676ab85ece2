//! `/v1/wallets`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::WalletId;
use domain::wallet::WalletKind;
use store::wallets::{Change, ListQuery, NewWallet, Opened};
use uuid::Uuid;
use wire::{ChangeWallet, OpenWallet, Page};

use crate::auth::{Guardian, Reader, Writer, owned};
use crate::check::Checks;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams, OptionalKey, Params, Trace, WalletPath};
use crate::state::App;
use crate::{statements, views};

/// Says that the answer was given before: the request did nothing this time.
pub(crate) static IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// `POST /v1/wallets`
pub(crate) async fn open(
    State(app): State<App>,
    Writer(caller): Writer,
    _: NoParams,
    trace: Trace,
    OptionalKey(key): OptionalKey,
    Body(body): Body<OpenWallet>,
) -> Result<Response, ApiError> {
    let mut checks = Checks::default();
    checks.text("owner_id", &body.owner_id);
    let currency = checks.currency("currency", &body.currency);
    checks.optional_text("label", body.label.as_deref());
    let metadata = checks.metadata("metadata", body.metadata);
    checks.finish()?;
    let Some(currency) = currency else {
        return Err(ApiError::internal("the checks passed without a currency"));
    };
    if caller.owner_id().is_some_and(|own| own != body.owner_id) {
        return Err(ApiError::not_the_owner());
    }
    let new = NewWallet {
        id: WalletId(Uuid::now_v7()),
        owner_id: body.owner_id,
        currency,
        label: body.label,
        metadata,
        caller: caller.id.clone(),
        key,
    };
    match store::wallets::open(app.readers.writer(), &new, &trace.into()).await? {
        Opened::New(wallet) => {
            app.news.wake();
            Ok((StatusCode::CREATED, location(wallet.id), Json(views::wallet(wallet)))
                .into_response())
        }
        Opened::Replayed(wallet) => {
            let mut headers = location(wallet.id);
            headers.insert(&IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            Ok((StatusCode::OK, headers, Json(views::wallet(wallet))).into_response())
        }
        Opened::KeyReused => Err(ApiError::key_reused()),
    }
}

fn location(id: WalletId) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("/v1/wallets/{id}"));
    value.map(|value| HeaderMap::from_iter([(header::LOCATION, value)])).unwrap_or_default()
}

/// `GET /v1/wallets?owner_id=&limit=&cursor=`: of an owner only their own.
pub(crate) async fn list(
    State(app): State<App>,
    Reader(caller): Reader,
    mut params: Params,
) -> Result<(HeaderMap, Json<Page<wire::Wallet>>), ApiError> {
    let asked = params.text("owner_id");
    let (limit, before) = params.page();
    params.finish()?;
    let own = caller.owner_id().map(str::to_owned);
    if own.is_some() && asked.is_some() && own != asked {
        // As if the other one had none.
        return Ok((HeaderMap::new(), Json(Page { items: Vec::new(), next_cursor: None })));
    }
    let owner_id = own.or(asked);
    let kind = Some(WalletKind::Customer);
    page(&app, &ListQuery { owner_id, kind, before, limit, ..ListQuery::default() }).await
}

/// A page of a list of wallets.
pub(crate) async fn page(
    app: &App,
    query: &ListQuery,
) -> Result<(HeaderMap, Json<Page<wire::Wallet>>), ApiError> {
    let read = |pool| async move { store::wallets::list(&pool, query).await };
    let (page, as_of) = app.readers.list(read).await?;
    let next_cursor = page.before.map(|id| id.encode());
    let items = page.wallets.into_iter().map(views::wallet).collect();
    Ok((statements::as_of_header(as_of), Json(Page { items, next_cursor })))
}

/// `GET /v1/wallets/{wallet_id}`
pub(crate) async fn get(
    State(app): State<App>,
    Reader(caller): Reader,
    Id(id): WalletPath,
    _: NoParams,
) -> Result<Json<wire::Wallet>, ApiError> {
    let wallet = store::wallets::get(app.readers.writer(), id).await?;
    let wallet = wallet.filter(|wallet| caller.owner_id().is_none_or(|own| own == wallet.owner_id));
    wallet.map(|wallet| Json(views::wallet(wallet))).ok_or_else(ApiError::wallet_not_found)
}

/// `POST /v1/wallets/{wallet_id}/freeze`
pub(crate) async fn freeze(
    app: State<App>,
    _: Guardian,
    id: WalletPath,
    _: NoParams,
    trace: Trace,
    body: Body<ChangeWallet>,
) -> Result<Json<wire::Wallet>, ApiError> {
    change(app, id, trace, body, Change::Freeze).await
}

/// `POST /v1/wallets/{wallet_id}/unfreeze`
pub(crate) async fn unfreeze(
    app: State<App>,
    _: Guardian,
    id: WalletPath,
    _: NoParams,
    trace: Trace,
    body: Body<ChangeWallet>,
) -> Result<Json<wire::Wallet>, ApiError> {
    change(app, id, trace, body, Change::Unfreeze).await
}

/// `POST /v1/wallets/{wallet_id}/close`
pub(crate) async fn close(
    app: State<App>,
    Writer(caller): Writer,
    id: WalletPath,
    _: NoParams,
    trace: Trace,
    body: Body<ChangeWallet>,
) -> Result<Json<wire::Wallet>, ApiError> {
    owned(&app, &caller, id.0).await?;
    change(app, id, trace, body, Change::Close).await
}

async fn change(
    State(app): State<App>,
    Id(id): WalletPath,
    trace: Trace,
    Body(body): Body<ChangeWallet>,
    change: Change,
) -> Result<Json<wire::Wallet>, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    let origin = trace.into();
    let wallet =
        store::wallets::change(app.readers.writer(), id, change, &body.reason, &origin).await?;
    app.news.wake();
    Ok(Json(views::wallet(wallet)))
}
