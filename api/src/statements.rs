//! Balances and statements of a wallet.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ids::WalletId;
use store::facts::WalletFacts;
use wire::{BalanceReading, Page, Posting, ProblemCode};

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

/// The facts of the wallet in the path.
async fn facts(app: &App, id: WalletId) -> Result<WalletFacts, ApiError> {
    let [facts] = app.facts.of_customers([id]).await?;
    facts.ok_or_else(ApiError::wallet_not_found)
}

/// `GET /v1/wallets/{wallet_id}/balance?at=`
pub(crate) async fn balance(
    State(app): State<App>,
    Id(wallet_id): WalletPath,
    mut params: Params,
) -> Result<Json<BalanceReading>, ApiError> {
    let wanted = "must be an RFC 3339 time that is not in the future, such as 2026-11-20T10:00:00Z";
    let at = params
        .read("at", wanted, |text| DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()));
    params.finish()?;
    let currency = facts(&app, wallet_id).await?.currency;
    let writer = app.readers.writer();
    if let Some(as_of) = at {
        let ledger = store::statements::ledger_at(writer, wallet_id, as_of).await?;
        let future = || ApiError::field(ProblemCode::InvalidParameter, "at", wanted);
        let ledger_minor = ledger.ok_or_else(future)?;
        let (available_minor, held_minor) = (None, None);
        return Ok(Json(BalanceReading {
            wallet_id,
            currency,
            as_of,
            ledger_minor,
            available_minor,
            held_minor,
        }));
    }
    let reading = store::wallets::balance(writer, wallet_id).await?;
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

/// `GET /v1/wallets/{wallet_id}/postings?limit=&cursor=`
pub(crate) async fn postings(
    State(app): State<App>,
    Id(wallet_id): WalletPath,
    mut params: Params,
) -> Result<(HeaderMap, Json<Page<Posting>>), ApiError> {
    let (limit, before) = params.page();
    params.finish()?;
    facts(&app, wallet_id).await?;
    let (pool, as_of) = app.readers.for_lists();
    let (lines, more) = store::statements::lines(pool, wallet_id, before, limit).await?;
    let next_cursor = lines.last().filter(|_| more).map(|line| line.place().encode());
    let items = lines.iter().map(views::posting).collect();
    Ok((as_of_header(as_of), Json(Page { items, next_cursor })))
}
