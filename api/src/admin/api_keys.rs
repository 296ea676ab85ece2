//! API keys of machines. Making one hands out power over wallets, so it takes an approver; ending one is what anybody
//! should be able to do at once.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access::{Scope, Scopes, is_subject};
use domain::ids::ApiKeyId;
use domain::operator::OperatorRole;
use store::api_keys::{self, NewApiKey};
use uuid::Uuid;
use wire::{ApiKey, MadeApiKey, MakeApiKey, OperatorReason, Page, ProblemCode};

use super::operator::{Changer, Viewer, require};
use crate::auth::{Fresh, make_key};
use crate::check::Checks;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams, Params};
use crate::state::App;

/// Characters of a name; the table has the same.
const NAME_CHARS_MAX: usize = 64;
/// A key that nobody renews must end some day.
const EXPIRES: TimeDelta = TimeDelta::days(90);
const EXPIRES_MAX: TimeDelta = TimeDelta::days(400);

/// `POST /admin/v1/api-keys`: the only answer that ever shows the key.
pub(crate) async fn make(
    State(app): State<App>,
    Changer(actor): Changer,
    _: NoParams,
    Body(body): Body<MakeApiKey>,
) -> Result<Response, ApiError> {
    require(&actor, OperatorRole::Approver)?;
    let expires_at = check(&body)?;
    let id = ApiKeyId(Uuid::now_v7());
    let Fresh { key, secret_hash } =
        make_key(id).ok_or_else(|| ApiError::internal("the system has no randomness to give"))?;
    let new = NewApiKey {
        id,
        secret_hash,
        scopes: body.scopes.iter().copied().collect(),
        name: body.name,
        owner_id: body.owner_id,
        expires_at,
    };
    let made = api_keys::make(app.readers.writer(), &actor, &new, &body.reason).await?;
    let made = made.ok_or_else(|| {
        let detail = format!("A good key is called {} already. Revoke it first.", new.name);
        ApiError::new(ProblemCode::ApiKeyExists, detail)
    })?;
    let place = HeaderValue::from_str(&format!("/admin/v1/api-keys/{id}"));
    let mut headers = HeaderMap::new();
    if let Ok(place) = place {
        headers.insert(header::LOCATION, place);
    }
    // No cache on the way may keep it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let body = MadeApiKey { key, api_key: view(made) };
    Ok((StatusCode::CREATED, headers, Json(body)).into_response())
}

/// Finds all that is wrong, and tells when the key ends.
fn check(body: &MakeApiKey) -> Result<DateTime<Utc>, ApiError> {
    let now = Utc::now();
    let expires_at = body.expires_at.unwrap_or(now + EXPIRES);
    let scopes: Scopes = body.scopes.iter().copied().collect();
    let mut checks = Checks::default();
    checks.bounded_text("name", &body.name, NAME_CHARS_MAX);
    checks.text("reason", &body.reason);
    if scopes.is_empty() {
        checks.wrong(ProblemCode::InvalidBody, "scopes", "must have at least one scope");
    }
    if let Some(owner) = &body.owner_id {
        if !is_subject(owner) {
            let detail = "must be 1 to 255 characters that can be printed";
            checks.wrong(ProblemCode::InvalidBody, "owner_id", detail);
        }
        if scopes.has(Scope::Deposit) || scopes.has(Scope::Admin) {
            let detail =
                "must not have wallet:deposit or wallet:admin when the key acts for an owner";
            checks.wrong(ProblemCode::InvalidBody, "scopes", detail);
        }
    }
    if expires_at <= now || expires_at > now + EXPIRES_MAX {
        let days = EXPIRES_MAX.num_days();
        let detail = format!("must be in the future, and at most {days} days from now");
        checks.wrong(ProblemCode::InvalidBody, "expires_at", detail);
    }
    checks.finish()?;
    Ok(expires_at)
}

/// `GET /admin/v1/api-keys`, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<ApiKey>>, ApiError> {
    let (limit, before): (u64, Option<ApiKeyId>) = params.page();
    params.finish()?;
    let mut keys = api_keys::list(app.readers.writer(), before, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next_cursor = keys.last().filter(|_| more).map(|key| key.id.encode());
    Ok(Json(Page { items: keys.into_iter().map(view).collect(), next_cursor }))
}

/// `GET /admin/v1/api-keys/{key_id}`
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    Id(id): Id<ApiKeyId>,
    _: NoParams,
) -> Result<Json<ApiKey>, ApiError> {
    let key = api_keys::get(app.readers.writer(), id).await?;
    key.map(|key| Json(view(key))).ok_or_else(not_found)
}

/// `POST /admin/v1/api-keys/{key_id}/revoke`: for good, and within seconds in every process.
pub(crate) async fn revoke(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<ApiKeyId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<ApiKey>, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    let key = api_keys::revoke(app.readers.writer(), &actor, id, &body.reason).await?;
    key.map(|key| Json(view(key))).ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::ApiKeyNotFound, "There is no API key with this id.")
}

fn view(key: api_keys::ApiKey) -> ApiKey {
    ApiKey {
        good: key.is_good_at(Utc::now()),
        id: key.id,
        name: key.name,
        scopes: key.scopes.iter().collect(),
        owner_id: key.owner_id,
        reason: key.reason,
        created_at: key.created_at,
        created_by: key.created_by,
        expires_at: key.expires_at,
        revoked_at: key.revoked_at,
        revoked_by: key.revoked_by,
        last_used_at: key.last_used_at,
    }
}
