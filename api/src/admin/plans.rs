use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Datelike;
use domain::group::Outlook;
use domain::ids::PlanId;
use domain::plan::{ItemStatus, Pace, PlanAct, PlanStatus};
use store::desk::Way;
use store::operators::Operator;
use store::plans::{self, Choice, Filter, PlanError};
use wire::{
    ApplyPlan, DeadLetterFilter, MakePlan, OperatorReason, Page, Plan, PlanItem, ProblemCode,
};

use super::approvals::second_for_plan;
use super::operator::{Changer, Viewer};
use crate::check::Checks;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams, Params};
use crate::state::App;

mod view;

/// Most dead letters that a request names one by one; a filter may match more.
const IDS_MAX: usize = 1_000;
/// Most canaries: more would be no canaries.
const CANARY_COUNT_MAX: u32 = 1_000;
/// Fastest ramp: what one desk process can send.
const RATE_MAX: u32 = 5_000;
/// When the operator does not say how carefully.
pub(super) const PACE: Pace =
    Pace { canary_count: 10, rate_per_second: 50, failure_percent_max: 5 };

/// `GET /admin/v1/redrive-plans?status=`, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<Plan>>, ApiError> {
    let status = params.word("status", PlanStatus::ALL);
    let (limit, before) = params.page::<PlanId>();
    params.finish()?;
    let found = plans::list(app.readers.writer(), status, before, limit).await?;
    let more = u64::try_from(found.len()).is_ok_and(|count| count == limit);
    let next_cursor = found.last().filter(|_| more).map(|plan| plan.id.encode());
    Ok(Json(Page { items: found.into_iter().map(view::plan).collect(), next_cursor }))
}

/// `POST /admin/v1/redrive-plans`: chooses, forecasts and freezes. Touches no transfer.
pub(crate) async fn make(
    State(app): State<App>,
    Changer(actor): Changer,
    _: NoParams,
    Body(body): Body<MakePlan>,
) -> Result<(StatusCode, Json<Plan>), ApiError> {
    let mut checks = Checks::default();
    let way = body.way.as_deref().unwrap_or("redrive").parse();
    let way: Option<Way> = way.ok();
    if way.is_none() {
        checks.wrong(ProblemCode::InvalidBody, "way", "must be redrive or compensate");
    }
    let ids_max = format!("must name 1 to {IDS_MAX}; use filter for more");
    let choice = match (body.dead_letter_ids, body.filter) {
        (Some(ids), None) => {
            if ids.is_empty() || ids.len() > IDS_MAX {
                checks.wrong(ProblemCode::InvalidBody, "dead_letter_ids", ids_max);
            }
            Some(Choice::Ids(ids))
        }
        (None, Some(filter)) => {
            check(&mut checks, &filter);
            Some(Choice::Matching(view::filter(filter)))
        }
        _ => {
            let detail = "must be given, or dead_letter_ids, but not both";
            checks.wrong(ProblemCode::InvalidBody, "filter", detail);
            None
        }
    };
    checks.finish()?;
    let (Some(way), Some(choice)) = (way, choice) else {
        return Err(ApiError::internal("a plan was checked, but not wholly"));
    };
    let plan = plans::make(app.readers.writer(), way, &choice, &actor).await.map_err(problem)?;
    Ok((StatusCode::CREATED, whole(&app, plan).await?))
}

/// What serde lets through and the list of dead letters would refuse.
fn check(checks: &mut Checks, filter: &DeadLetterFilter) {
    if let Some(fingerprint) = &filter.fingerprint {
        checks.text("filter.fingerprint", fingerprint);
    }
    for (field, time) in
        [("filter.opened_from", filter.opened_from), ("filter.opened_to", filter.opened_to)]
    {
        // As RFC 3339 has it. The database knows no year that is much earlier.
        if time.is_some_and(|time| !(0..=9999).contains(&time.year())) {
            checks.wrong(ProblemCode::InvalidBody, field, "must be in the years 0000 to 9999");
        }
    }
    for (field, minor) in
        [("filter.amount_min", filter.amount_min), ("filter.amount_max", filter.amount_max)]
    {
        if minor.is_some_and(|minor| minor < 0) {
            let detail = "must be a whole number of minor units, 0 or more";
            checks.wrong(ProblemCode::InvalidBody, field, detail);
        }
    }
}

/// `GET /admin/v1/redrive-plans/{plan_id}`, with forecast and receipt.
pub(crate) async fn get(
    State(app): State<App>,
    _: Viewer,
    Id(id): Id<PlanId>,
    _: NoParams,
) -> Result<Json<Plan>, ApiError> {
    let plan = plans::get(app.readers.writer(), id).await?;
    whole(&app, plan.ok_or_else(|| problem(PlanError::NotFound))?).await
}

/// `GET /admin/v1/redrive-plans/{plan_id}/items?status=&outlook=`, in the order in which they are sent.
pub(crate) async fn items(
    State(app): State<App>,
    _: Viewer,
    Id(id): Id<PlanId>,
    mut params: Params,
) -> Result<Json<Page<PlanItem>>, ApiError> {
    let status = params.word("status", ItemStatus::ALL);
    let outlook = params.word("outlook", Outlook::ALL);
    let (limit, after) = params.page::<i64>();
    params.finish()?;
    let after = u32::try_from(after.unwrap_or(0)).unwrap_or(u32::MAX);
    let reads = app.readers.writer();
    plans::get(reads, id).await?.ok_or_else(|| problem(PlanError::NotFound))?;
    let found = plans::items(reads, id, Filter { status, outlook, after }, limit).await?;
    let more = u64::try_from(found.len()).is_ok_and(|count| count == limit);
    let next_cursor = found.last().filter(|_| more).map(|item| i64::from(item.position).encode());
    Ok(Json(Page { items: found.into_iter().map(view::item).collect(), next_cursor }))
}

/// `POST /admin/v1/redrive-plans/{plan_id}/apply`
pub(crate) async fn apply(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<PlanId>,
    _: NoParams,
    Body(body): Body<ApplyPlan>,
) -> Result<Json<Plan>, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    let pace = Pace {
        canary_count: body.canary_count.unwrap_or(PACE.canary_count),
        rate_per_second: body.rate_per_second.unwrap_or(PACE.rate_per_second),
        failure_percent_max: body.failure_percent_max.unwrap_or(PACE.failure_percent_max),
    };
    for (field, value, low, high) in [
        ("canary_count", pace.canary_count, 0, CANARY_COUNT_MAX),
        ("rate_per_second", pace.rate_per_second, 1, RATE_MAX),
        ("failure_percent_max", pace.failure_percent_max, 0, 100),
    ] {
        if !(low..=high).contains(&value) {
            let detail = format!("must be a whole number from {low} to {high}");
            checks.wrong(ProblemCode::InvalidBody, field, detail);
        }
    }
    checks.finish()?;
    second_for_plan(&app, &actor, id, &body.hash, pace).await?;
    let pool = app.readers.writer();
    let applied = plans::apply(pool, id, &body.hash, pace, &actor, &body.reason).await;
    let plan = applied.map_err(problem)?;
    app.desk.wake();
    whole(&app, plan).await
}

/// `POST /admin/v1/redrive-plans/{plan_id}/pause`
pub(crate) async fn pause(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<PlanId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<Plan>, ApiError> {
    act(&app, id, PlanAct::Pause, &actor, &body).await
}

/// `POST /admin/v1/redrive-plans/{plan_id}/resume`
pub(crate) async fn resume(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<PlanId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<Plan>, ApiError> {
    act(&app, id, PlanAct::Resume, &actor, &body).await
}

/// `POST /admin/v1/redrive-plans/{plan_id}/stop`
pub(crate) async fn stop(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<PlanId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<Plan>, ApiError> {
    act(&app, id, PlanAct::Stop, &actor, &body).await
}

async fn act(
    app: &App,
    id: PlanId,
    act: PlanAct,
    actor: &Operator,
    body: &OperatorReason,
) -> Result<Json<Plan>, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    let done = plans::act(app.readers.writer(), id, act, actor, &body.reason).await;
    let plan = done.map_err(problem)?;
    app.desk.wake();
    whole(app, plan).await
}

async fn whole(app: &App, plan: plans::Plan) -> Result<Json<Plan>, ApiError> {
    let reads = app.readers.writer();
    let forecast = plans::forecast(reads, plan.id).await?;
    let receipt = plans::receipt(reads, plan.id).await?;
    let mut plan = view::plan(plan);
    plan.forecast = Some(forecast.into_iter().map(view::forecast).collect());
    plan.receipt = Some(receipt.into_iter().map(view::receipt).collect());
    Ok(Json(plan))
}

pub(super) fn plan_not_found() -> ApiError {
    ApiError::new(ProblemCode::PlanNotFound, "There is no redrive plan with this id.")
}

fn problem(error: PlanError) -> ApiError {
    let field = |name, detail: String| ApiError::field(ProblemCode::InvalidBody, name, detail);
    match error {
        PlanError::NotFound => plan_not_found(),
        PlanError::UnknownDeadLetters(ids) => {
            let named: Vec<String> = ids.iter().take(5).map(ToString::to_string).collect();
            let detail = format!("names {} that do not exist: {}", ids.len(), named.join(", "));
            field("dead_letter_ids", detail)
        }
        PlanError::Empty => field("filter", "matches no open dead letter".to_owned()),
        PlanError::TooMany => {
            let detail = format!("matches more than {} dead letters; narrow it", plans::ITEMS_MAX);
            field("filter", detail)
        }
        PlanError::OtherHash => ApiError::new(
            ProblemCode::PlanHashDiffers,
            "The hash is not that of this plan. Read the plan again before applying it.",
        ),
        PlanError::Illegal { status, act } => ApiError::new(
            ProblemCode::PlanCannot,
            format!("The plan is {status}, so it cannot {act}."),
        ),
        PlanError::Store(error) => error.into(),
    }
}
