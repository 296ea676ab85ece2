use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::dead_letter::DeadLetterStatus;
use domain::failure::FailureClass;
use domain::ids::DeadLetterId;
use domain::saga::{Step, StuckReason};
use domain::transfer::TransferKind;
use store::desk::{self, Filter};
use wire::{DeadLetter, DeadLetterGroup, Page};

use super::acts::dead_letter_not_found;
use super::operator::Viewer;
use super::views;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Id, NoParams, Params};
use crate::state::App;

/// `GET /admin/v1/dead-letters?status=&saga=&step=...`, newest first; [`filter`] knows
/// the rest of the parameters.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<DeadLetter>>, ApiError> {
    let (limit, before) = params.page();
    let filter = Filter { before, ..filter(&mut params) };
    params.finish()?;
    let letters = desk::list(app.readers.writer(), &filter, limit).await?;
    let more = u64::try_from(letters.len()).is_ok_and(|count| count == limit);
    let next_cursor = letters.last().filter(|_| more).map(|letter| letter.id.encode());
    let items = letters.into_iter().map(views::dead_letter).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// What the parameters ask for.
fn filter(params: &mut Params) -> Filter {
    Filter {
        status: params.word("status", DeadLetterStatus::ALL),
        saga: params.word("saga", TransferKind::ALL),
        step: params.word("step", Step::ALL),
        failure_class: params.word("failure_class", FailureClass::ALL),
        fingerprint: params.text("fingerprint"),
        wallet: params.id("wallet_id"),
        reason: params.word("reason", StuckReason::ALL),
        opened_from: time(params, "opened_from"),
        opened_to: time(params, "opened_to"),
        amount_min: minor(params, "amount_min"),
        amount_max: minor(params, "amount_max"),
        currency: params.read("currency", "must be an ISO 4217 code", |text| text.parse().ok()),
        before: None,
    }
}

fn time(params: &mut Params, name: &str) -> Option<DateTime<Utc>> {
    params.read(name, "must be a time as RFC 3339 has it", |text| {
        DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
    })
}

fn minor(params: &mut Params, name: &str) -> Option<i64> {
    let wanted = "must be a whole number of minor units, 0 or more";
    params.read(name, wanted, |text| text.parse().ok().filter(|minor| *minor >= 0))
}

/// `GET /admin/v1/dead-letters/groups`: open ones by cause, the most money held first.
pub(crate) async fn groups(
    State(app): State<App>,
    _: Viewer,
    _: NoParams,
) -> Result<Json<Vec<DeadLetterGroup>>, ApiError> {
    let groups = desk::groups(app.readers.writer()).await?;
    Ok(Json(groups.into_iter().map(views::dead_letter_group).collect()))
}

/// `GET /admin/v1/dead-letters/{dead_letter_id}`, with the timeline of its transfer.
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    Id(id): Id<DeadLetterId>,
    _: NoParams,
) -> Result<Json<DeadLetter>, ApiError> {
    let letter = desk::get(app.readers.writer(), id).await?.ok_or_else(dead_letter_not_found)?;
    let steps = store::transfers::steps(app.readers.writer(), letter.transfer_id).await?;
    let mut letter = views::dead_letter(letter);
    letter.steps = Some(steps.into_iter().map(crate::views::step).collect());
    Ok(Json(letter))
}
