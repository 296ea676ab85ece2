//! Balances and statements of a wallet.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::WalletId;
use domain::money::Currency;
use store::statements::Place;
use wire::{BalanceReading, Page, Posting, ProblemCode};

use crate::auth::{Reader, owned};
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Id, Params, WalletPath};
use crate::state::App;
use crate::views;

/// The instant that a list from a replica shows.
static AS_OF: HeaderName = HeaderName::from_static("holdfast-as-of");

/// What a list says about its age; nothing when it came from the writer.
pub(crate) fn as_of_header(as_of: Option<DateTime<Utc>>) -> HeaderMap {
    let text = as_of.map(|as_of| as_of.to_rfc3339_opts(SecondsFormat::Millis, true));
    let value = text.and_then(|text| HeaderValue::from_str(&text).ok());
    value.map(|value| HeaderMap::from_iter([(AS_OF.clone(), value)])).unwrap_or_default()
}

/// `GET /v1/wallets/{wallet_id}/balance?at=`
pub(crate) async fn balance(
    State(app): State<App>,
    Reader(caller): Reader,
    Id(wallet_id): WalletPath,
    mut params: Params,
) -> Result<Json<BalanceReading>, ApiError> {
    let at = instant(&mut params);
    params.finish()?;
    let currency = owned(&app, &caller, wallet_id).await?.currency;
    if let Some(as_of) = at {
        return balance_at(&app, wallet_id, currency, as_of).await.map(Json);
    }
    let reading = store::wallets::balance(app.readers.writer(), wallet_id).await?;
    let (balance, as_of) = reading.ok_or_else(ApiError::wallet_not_found)?;
    Ok(Json(BalanceReading {
        wallet_id,
        currency,
        as_of,
        ledger_minor: balance.ledger,
        available_minor: Some(balance.available),
        held_minor: Some(balance.held),
    }))
}

/// What `at` must be.
const INSTANT: &str =
    "must be an RFC 3339 time that is not in the future, such as 2026-11-20T10:00:00Z";

/// The parameter `at`.
pub(crate) fn instant(params: &mut Params) -> Option<DateTime<Utc>> {
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    params.read("at", INSTANT, read)
}

/// The balance of a wallet that exists, at an instant.
pub(crate) async fn balance_at(
    app: &App,
    wallet_id: WalletId,
    currency: Currency,
    as_of: DateTime<Utc>,
) -> Result<BalanceReading, ApiError> {
    let ledger = store::statements::ledger_at(app.readers.writer(), wallet_id, as_of).await?;
    let future = || ApiError::field(ProblemCode::InvalidParameter, "at", INSTANT);
    let ledger_minor = ledger.ok_or_else(future)?;
    let (available_minor, held_minor) = (None, None);
    Ok(BalanceReading { wallet_id, currency, as_of, ledger_minor, available_minor, held_minor })
}

/// `GET /v1/wallets/{wallet_id}/postings?limit=&cursor=`
pub(crate) async fn postings(
    State(app): State<App>,
    Reader(caller): Reader,
    Id(wallet_id): WalletPath,
    mut params: Params,
) -> Result<(HeaderMap, Json<Page<Posting>>), ApiError> {
    let (limit, before) = params.page();
    params.finish()?;
    owned(&app, &caller, wallet_id).await?;
    page(&app, wallet_id, before, limit).await
}

/// A page of the statement of a wallet that exists.
pub(crate) async fn page(
    app: &App,
    wallet_id: WalletId,
    before: Option<Place>,
    limit: u64,
) -> Result<(HeaderMap, Json<Page<Posting>>), ApiError> {
    let read =
        |pool| async move { store::statements::lines(&pool, wallet_id, before, limit).await };
    let ((lines, more), as_of) = app.readers.list(read).await?;
    let next_cursor = lines.last().filter(|_| more).map(|line| line.place().encode());
    let items = lines.iter().map(views::posting).collect();
    Ok((as_of_header(as_of), Json(Page { items, next_cursor })))
}
