use axum::Json;
use axum::extract::State;
use domain::job::Queue;
use domain::operator::OperatorRole;
use domain::switch::{Switch, SwitchKind};
use store::operators::Operator;
use store::switches::{self, Setting};
use wire::{OperatorReason, ProblemCode, TurnSwitch};

use super::operator::{Changer, Viewer, require};
use crate::check::Checks;
use crate::error::ApiError;
use crate::extract::{Body, NoParams, Words};
use crate::state::App;

/// `GET /admin/v1/switches`: every one there is.
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    _: NoParams,
) -> Result<Json<Vec<wire::Switch>>, ApiError> {
    let settings = switches::list(app.readers.writer()).await?;
    Ok(Json(settings.into_iter().map(view).collect()))
}

/// `PUT /admin/v1/switches/{kind}/{subject}`
pub(crate) async fn put(
    State(app): State<App>,
    Changer(actor): Changer,
    Words([kind, subject]): Words<2>,
    _: NoParams,
    Body(body): Body<TurnSwitch>,
) -> Result<Json<wire::Switch>, ApiError> {
    let switch = Switch::find(&kind, &subject).map_err(|_| unknown(&kind, &subject))?;
    turn(&app, &actor, switch, body.on, &body.reason).await
}

/// `PUT /admin/v1/switches/maintenance`
pub(crate) async fn put_maintenance(
    State(app): State<App>,
    Changer(actor): Changer,
    _: NoParams,
    Body(body): Body<TurnSwitch>,
) -> Result<Json<wire::Switch>, ApiError> {
    turn(&app, &actor, Switch::Maintenance, body.on, &body.reason).await
}

/// `POST /admin/v1/queues/{queue}/pause`
pub(crate) async fn pause(
    State(app): State<App>,
    Changer(actor): Changer,
    Words([name]): Words<1>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<wire::Switch>, ApiError> {
    turn(&app, &actor, of_queue(&name)?, true, &body.reason).await
}

/// `POST /admin/v1/queues/{queue}/resume`
pub(crate) async fn resume(
    State(app): State<App>,
    Changer(actor): Changer,
    Words([name]): Words<1>,
    _: NoParams,
    Body(body): Body<OperatorReason>,
) -> Result<Json<wire::Switch>, ApiError> {
    turn(&app, &actor, of_queue(&name)?, false, &body.reason).await
}

fn of_queue(name: &str) -> Result<Switch, ApiError> {
    name.parse().map(Switch::PauseQueue).map_err(|_| {
        let names: Vec<&str> = Queue::ALL.iter().map(|queue| queue.as_str()).collect();
        let names = names.join(", ");
        let detail = format!("There is no queue '{name}'; the queues are {names}.");
        ApiError::new(ProblemCode::QueueNotFound, detail)
    })
}

async fn turn(
    app: &App,
    actor: &Operator,
    switch: Switch,
    on: bool,
    reason: &str,
) -> Result<Json<wire::Switch>, ApiError> {
    // It stops the business of everybody, so it takes more than one's own judgement.
    if switch.kind() == SwitchKind::Maintenance {
        require(actor, OperatorRole::Approver)?;
    }
    let mut checks = Checks::default();
    checks.text("reason", reason);
    checks.finish()?;
    let setting = switches::set(app.readers.writer(), actor, switch, on, reason).await?;
    app.switches.look();
    // Whoever was stopped looks again at once.
    app.waker.wake();
    app.news.wake();
    Ok(Json(view(setting)))
}

fn view(setting: Setting) -> wire::Switch {
    let Setting { switch, on, change } = setting;
    let (reason, changed_by, changed_at) = match change {
        Some(change) => (Some(change.reason), Some(change.by), Some(change.at)),
        None => (None, None, None),
    };
    wire::Switch {
        kind: switch.kind(),
        subject: switch.subject().to_owned(),
        on,
        on_by_default: switch.on_by_default(),
        reason,
        changed_by,
        changed_at,
    }
}

fn unknown(kind: &str, subject: &str) -> ApiError {
    let names: Vec<String> = Switch::all()
        .map(|one| match one.subject() {
            "" => one.kind().to_string(),
            subject => format!("{}/{subject}", one.kind()),
        })
        .collect();
    let names = names.join(", ");
    let detail = format!("There is no switch '{kind}/{subject}'; the switches are {names}.");
    ApiError::new(ProblemCode::SwitchNotFound, detail)
}
