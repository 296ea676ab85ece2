use axum::Json;
use axum::extract::State;
use store::operator_audit;
use wire::{AuditEntry, Page, ProblemCode};

use super::operator::Viewer;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{NoParams, Params, Words};
use crate::state::App;

/// `GET /admin/v1/audit?limit=&cursor=`, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<AuditEntry>>, ApiError> {
    let (limit, before) = params.page::<i64>();
    params.finish()?;
    let acts = operator_audit::list(app.readers.writer(), before, limit).await?;
    let more = u64::try_from(acts.len()).is_ok_and(|count| count == limit);
    let next_cursor = acts.last().filter(|_| more).map(|act| act.seq.encode());
    let items = acts.into_iter().map(entry).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// `GET /admin/v1/audit/{seq}`
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    Words([seq]): Words<1>,
    _: NoParams,
) -> Result<Json<AuditEntry>, ApiError> {
    let absent = || {
        let detail = format!("The audit has no entry {seq}.");
        ApiError::new(ProblemCode::AuditEntryNotFound, detail)
    };
    let number: i64 = seq.parse().map_err(|_| absent())?;
    let before = number.checked_add(1).ok_or_else(absent)?;
    let acts = operator_audit::list(app.readers.writer(), Some(before), 1).await?;
    let found = acts.into_iter().find(|act| act.seq == number);
    found.map(|act| Json(entry(act))).ok_or_else(absent)
}

fn entry(act: operator_audit::Body) -> AuditEntry {
    AuditEntry {
        seq: act.seq,
        at: act.at,
        actor: act.actor,
        role: act.role,
        action: act.action,
        subject: act.subject,
        reason: act.reason,
        before: act.before,
        after: act.after,
    }
}
