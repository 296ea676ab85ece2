//! Limits on what wallets and owners send: how they stand, and how they are set.

use axum::Json;
use axum::extract::State;
use domain::ids::WalletId;
use domain::limit::{LimitScope, Subject, TimeZone, check_kind};
use domain::money::AMOUNT_MINOR_MAX;
use store::limits::{self, ListQuery, OwnerSetting, Standing, Wanted};
use wire::{LimitNow, OperatorLimit, OwnerSettings, Page, ProblemCode, SetLimit, SetOwner};

use super::operator::{Changer, Viewer};
use crate::check::Checks;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Body, NoParams, Params, Words};
use crate::spending;
use crate::state::App;

/// `GET /admin/v1/limits?wallet_id=&owner_id=`: those that concern a wallet, its owner's too; those
/// of an owner and its wallets; or all, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<OperatorLimit>>, ApiError> {
    let (limit, before) = params.page();
    let (wallet, owner_id) = (params.id("wallet_id"), params.text("owner_id"));
    params.finish()?;
    let query = ListQuery { wallet, owner_id, before, limit };
    let page = limits::list(app.readers.writer(), &query).await?;
    let next_cursor = page.before.map(|id| id.encode());
    Ok(Json(Page { items: page.limits.into_iter().map(view).collect(), next_cursor }))
}

/// `PUT /admin/v1/limits`
pub(crate) async fn put(
    State(app): State<App>,
    Changer(actor): Changer,
    _: NoParams,
    Body(body): Body<SetLimit>,
) -> Result<Json<LimitNow>, ApiError> {
    let wanted = wanted(&body)?;
    let set = limits::set(app.readers.writer(), &actor, &wanted, &body.reason).await?;
    Ok(Json(LimitNow { limit: set.map(view) }))
}

/// What the body asks for.
fn wanted(body: &SetLimit) -> Result<Wanted, ApiError> {
    let mut checks = Checks::default();
    let invalid = ProblemCode::InvalidBody;
    let mut id = body.subject.clone();
    if body.scope == LimitScope::Owner {
        checks.text("subject", &id);
    } else if let Ok(wallet) = id.parse::<WalletId>() {
        // Whatever letters its digits came in.
        id = wallet.to_string();
    } else {
        checks.wrong(invalid, "subject", "must be the id of a wallet, a UUID");
    }
    let currency = checks.currency("currency", &body.currency);
    if let Err(error) = check_kind(body.period, body.unit) {
        checks.wrong(invalid, "unit", error.to_string());
    }
    if body.value.is_some_and(|value| !(0..=AMOUNT_MINOR_MAX).contains(&value)) {
        let detail = format!("must be from 0 to {AMOUNT_MINOR_MAX}, or null");
        checks.wrong(invalid, "value", detail);
    }
    checks.text("reason", &body.reason);
    checks.finish()?;
    let Some(currency) = currency else {
        return Err(ApiError::internal("the checks passed without a currency"));
    };
    let subject = Subject { scope: body.scope, id, currency };
    Ok(Wanted { subject, period: body.period, unit: body.unit, value: body.value })
}

fn view(standing: Standing) -> OperatorLimit {
    OperatorLimit {
        id: standing.id,
        limit: spending::view(&standing),
        subject: standing.limit.subject.id,
        owner_id: standing.owner_id,
        reason: standing.change.reason,
        set_by: standing.change.by,
        set_at: standing.change.at,
    }
}

/// `GET /admin/v1/owners/{owner_id}/settings`
pub(crate) async fn owner(
    State(app): State<App>,
    _: Viewer,
    Words([owner_id]): Words<1>,
    _: NoParams,
) -> Result<Json<OwnerSettings>, ApiError> {
    let setting = limits::owner_setting(app.readers.writer(), &owner_id).await?;
    Ok(Json(settings(setting)))
}

/// `PUT /admin/v1/owners/{owner_id}/settings`
pub(crate) async fn put_owner(
    State(app): State<App>,
    Changer(actor): Changer,
    Words([owner_id]): Words<1>,
    _: NoParams,
    Body(body): Body<SetOwner>,
) -> Result<Json<OwnerSettings>, ApiError> {
    let mut checks = Checks::default();
    checks.text("owner_id", &owner_id);
    let zone = body.time_zone.parse::<TimeZone>();
    if zone.is_err() {
        let detail = "must be the IANA name of a time zone, such as Europe/Berlin";
        checks.wrong(ProblemCode::InvalidBody, "time_zone", detail);
    }
    checks.text("reason", &body.reason);
    checks.finish()?;
    let zone = zone.unwrap_or_default();
    let writer = app.readers.writer();
    let set = limits::set_time_zone(writer, &actor, &owner_id, zone, &body.reason).await?;
    Ok(Json(settings(set)))
}

fn settings(setting: OwnerSetting) -> OwnerSettings {
    let (reason, changed_by, changed_at) = match setting.change {
        Some(change) => (Some(change.reason), Some(change.by), Some(change.at)),
        None => (None, None, None),
    };
    OwnerSettings {
        owner_id: setting.owner_id,
        time_zone: setting.zone.to_string(),
        reason,
        changed_by,
        changed_at,
    }
}
