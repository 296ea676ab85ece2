use axum::Json;
use axum::extract::State;
use domain::ids::DeadLetterId;
use store::desk::{self, DeskError, Filter, Way};
use store::operators::Operator;
use wire::{DeadLetter, DeadLetterGroup, OperatorReason, Page, ProblemCode};

use super::operator::{Changer, Viewer};
use crate::check::Checks;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{Body, Id, NoParams, Params};
use crate::state::App;
use crate::views;

/// `GET /admin/v1/dead-letters?status=&fingerprint=&wallet_id=`, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<DeadLetter>>, ApiError> {
    let known =
        |text: &str| matches!(text, "open" | "redriven" | "resolved").then(|| text.to_owned());
    let status = params.read("status", "must be open, redriven or resolved", known);
    let (limit, before) = params.page();
    let filter = Filter {
        status,
        fingerprint: params.text("fingerprint"),
        wallet: params.id("wallet_id"),
        before,
    };
    params.finish()?;
    let letters = desk::list(app.readers.writer(), &filter, limit).await?;
    let more = u64::try_from(letters.len()).is_ok_and(|count| count == limit);
    let next_cursor = letters.last().filter(|_| more).map(|letter| letter.id.encode());
    let items = letters.into_iter().map(views::dead_letter).collect();
    Ok(Json(Page { items, next_cursor }))
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
    let letter = desk::get(app.readers.writer(), id).await?.ok_or_else(not_found)?;
    let steps = store::transfers::steps(app.readers.writer(), letter.transfer_id).await?;
    let mut letter = views::dead_letter(letter);
    letter.steps = Some(steps.into_iter().map(views::step).collect());
    Ok(Json(letter))
}

/// `POST /admin/v1/dead-letters/{dead_letter_id}/redrive`
pub(crate) async fn redrive(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<DeadLetterId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<DeadLetter>, ApiError> {
    send_back(&app, &actor, id, Way::Redrive, &body).await
}

/// `POST /admin/v1/dead-letters/{dead_letter_id}/compensate`
pub(crate) async fn compensate(
    State(app): State<App>,
    Changer(actor): Changer,
    Id(id): Id<DeadLetterId>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<DeadLetter>, ApiError> {
    send_back(&app, &actor, id, Way::Compensate, &body).await
}

async fn send_back(
    app: &App,
    actor: &Operator,
    id: DeadLetterId,
    way: Way,
    body: &OperatorReason,
) -> Result<Json<DeadLetter>, ApiError> {
    let mut checks = Checks::default();
    checks.text("reason", &body.reason);
    checks.finish()?;
    let sent = desk::send_back(app.readers.writer(), id, way, actor, &body.reason).await;
    let letter = sent.map_err(|error| match error {
        DeskError::NotFound => not_found(),
        DeskError::CompensatingAlready => ApiError::new(
            ProblemCode::AlreadyCompensating,
            "Its compensation is what failed. Mend the cause and redrive it.",
        ),
        DeskError::Store(error) => error.into(),
    })?;
    app.waker.wake();
    Ok(Json(views::dead_letter(letter)))
}

fn not_found() -> ApiError {
    ApiError::new(ProblemCode::DeadLetterNotFound, "There is no dead letter with this id.")
}
