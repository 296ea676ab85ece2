//! `/v1/wallets/{wallet_id}/limits`.

use axum::Json;
use axum::extract::State;
use domain::limit::Limit;
use store::limits::{self, LimitError, ListQuery, Standing};
use wire::limits::PAGE_ITEMS_MAX;
use wire::{ProblemCode, SpendingLimit, WalletLimits};

use crate::auth::{Reader, owned};
use crate::error::ApiError;
use crate::extract::{Id, NoParams, WalletPath};
use crate::state::App;

/// `GET /v1/wallets/{wallet_id}/limits`: all of them, because there are ten kinds at most.
pub(crate) async fn list(
    State(app): State<App>,
    Reader(caller): Reader,
    Id(id): WalletPath,
    _: NoParams,
) -> Result<Json<WalletLimits>, ApiError> {
    owned(&app, &caller, id).await?;
    let query = ListQuery { wallet: Some(id), limit: PAGE_ITEMS_MAX, ..ListQuery::default() };
    let page = limits::list(app.readers.writer(), &query).await?;
    let items = page.limits.iter().map(view).collect();
    Ok(Json(WalletLimits { wallet_id: id, as_of: page.at, items }))
}

/// What clients see of a limit.
pub(crate) fn view(standing: &Standing) -> SpendingLimit {
    let Limit { subject, period, unit, value } = &standing.limit;
    SpendingLimit {
        scope: subject.scope,
        currency: subject.currency,
        period: *period,
        unit: *unit,
        value: *value,
        used: standing.used,
        left: standing.left,
        frees_at: standing.frees_at,
        time_zone: standing.zone.to_string(),
    }
}

impl From<LimitError> for ApiError {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::WalletNotFound => Self::wallet_not_found(),
            LimitError::CurrencyMismatch { counts } => Self::field(
                ProblemCode::CurrencyMismatch,
                "currency",
                format!("must be {counts}, which the wallet counts"),
            ),
            LimitError::Store(error) => error.into(),
        }
    }
}
