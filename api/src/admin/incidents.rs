//! What is dead, business and infrastructure together; and what waits to be sent.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::ids::EventId;
use domain::job::Queue;
use domain::switch::Switch;
use store::{incidents, outbox};
use wire::{HeldMoney, Incident, IncidentKind, Incidents, OutboxEvent, OutboxPage};

use super::operator::Viewer;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{NoParams, Params};
use crate::state::App;

/// `GET /admin/v1/incidents`
pub(crate) async fn list(
    State(app): State<App>,
    _: Viewer,
    _: NoParams,
) -> Result<Json<Incidents>, ApiError> {
    let read = incidents::list(app.readers.writer());
    let (found, read_at) = app.incidents.get(read).await?;
    let now = Utc::now();
    let items = found.iter().map(|one| incident(one, now)).collect();
    Ok(Json(Incidents { items, read_at, age_ms: (now - read_at).num_milliseconds() }))
}

fn incident(found: &incidents::Incident, now: DateTime<Utc>) -> Incident {
    let kind = match found.queue {
        Some(_) => IncidentKind::Infrastructure,
        None => IncidentKind::Business,
    };
    let held = |one: &incidents::Held| HeldMoney {
        currency: one.currency.clone(),
        held_minor: one.minor.to_string(),
        transfer_count: one.transfer_count,
    };
    Incident {
        kind,
        fingerprint: found.fingerprint.clone(),
        queue: found.queue.clone(),
        reason: found.reason.clone(),
        count: found.count,
        held: found.held.iter().map(held).collect(),
        first_at: found.first_at,
        last_at: found.last_at,
        wallet_count: found.wallet_count,
        related_count: found.related_count,
        expires_at: found.expires_at,
        expires_in_s: found.expires_at.map(|at| (at - now).num_seconds()),
        dead_letter_ids: found.dead_letter_ids.clone(),
        message_ids: found.message_ids.clone(),
        transfer_ids: found.transfer_ids.clone(),
    }
}

/// `GET /admin/v1/outbox?limit=&cursor=`, oldest first.
pub(crate) async fn outbox(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<OutboxPage>, ApiError> {
    let (limit, after) = params.page::<EventId>();
    params.finish()?;
    let writer = app.readers.writer();
    let total = outbox::total(writer).await?;
    let waiting = outbox::list(writer, after, limit).await?;
    let more = u64::try_from(waiting.len()).is_ok_and(|count| count == limit);
    let next_cursor = waiting.last().filter(|_| more).map(|last| last.id.encode());
    let now = Utc::now();
    Ok(Json(OutboxPage {
        items: waiting.into_iter().map(|one| event(one, now)).collect(),
        next_cursor,
        event_count: total.row_count,
        oldest_ms: total.oldest.map(|at| age_ms(at, now)),
        paused: app.switches.is_on(Switch::PauseQueue(Queue::Outbox)),
    }))
}

fn event(one: outbox::Waiting, now: DateTime<Utc>) -> OutboxEvent {
    OutboxEvent {
        event_id: one.id,
        event_type: one.event_type,
        transfer_id: one.transfer,
        wallet_id: one.wallet,
        correlation_id: one.correlation_id,
        created_at: one.created_at,
        age_ms: age_ms(one.created_at, now),
    }
}

/// Two clocks: what comes from a moment ahead is new.
fn age_ms(at: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (now - at).num_milliseconds().max(0)
}
