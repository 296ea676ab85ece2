//! The queues and what is dead in them: all from the index, none by a receive.

use axum::Json;
use axum::extract::State;
use domain::queue::DeadMessageStatus;
use store::queue_desk::{self, MessageFilter, Seen};
use wire::{DeadMessage, DeadMessageGroup, DeadMessageTransfer, Page, ProblemCode, SqsQueue};

use super::operator::Viewer;
use crate::cursor::Cursor;
use crate::error::ApiError;
use crate::extract::{NoParams, Params, Words};
use crate::state::App;

/// `GET /admin/v1/sqs/queues`
pub(crate) async fn queues(
    State(app): State<App>,
    _: Viewer,
    _: NoParams,
) -> Result<Json<Vec<SqsQueue>>, ApiError> {
    let queues = queue_desk::queues(app.readers.writer()).await?;
    let queue = |queue: queue_desk::WatchedQueue| SqsQueue {
        name: queue.name,
        source_queue: queue.source_queue,
        visible_count: queue.visible_count,
        in_flight_count: queue.in_flight_count,
        delayed_count: queue.delayed_count,
        retention_s: queue.retention_s,
        sampled_at: queue.sampled_at,
        present_count: queue.present_count,
        first_expires_at: queue.first_expires_at,
    };
    Ok(Json(queues.into_iter().map(queue).collect()))
}

/// `GET /admin/v1/sqs/dead-messages?queue=&status=&reason=&fingerprint=&transfer_id=`, newest first.
pub(crate) async fn messages(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<Page<DeadMessage>>, ApiError> {
    let status = params.word("status", DeadMessageStatus::ALL);
    let (limit, before) = params.page();
    let filter = MessageFilter {
        queue: params.text("queue"),
        status,
        reason: params.text("reason"),
        fingerprint: params.text("fingerprint"),
        transfer: params.id("transfer_id"),
        before,
    };
    params.finish()?;
    let messages = queue_desk::messages(app.readers.writer(), &filter, limit).await?;
    let more = u64::try_from(messages.len()).is_ok_and(|count| count == limit);
    let next_cursor = messages.last().filter(|_| more).map(|last| {
        Seen { first_seen_at: last.first_seen_at, message_id: last.message_id.clone() }.encode()
    });
    let items = messages.into_iter().map(view).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// `GET /admin/v1/sqs/dead-messages/groups`: present ones by queue and cause.
pub(crate) async fn groups(
    State(app): State<App>,
    _: Viewer,
    _: NoParams,
) -> Result<Json<Vec<DeadMessageGroup>>, ApiError> {
    let groups = queue_desk::groups(app.readers.writer()).await?;
    let group = |group: queue_desk::MessageGroup| DeadMessageGroup {
        queue: group.queue,
        fingerprint: group.fingerprint,
        reason: group.reason,
        count: group.count,
        oldest_sent_at: group.oldest_sent_at,
        first_expires_at: group.first_expires_at,
        first_expires_in_s: group.first_expires_in_s,
    };
    Ok(Json(groups.into_iter().map(group).collect()))
}

/// `GET /admin/v1/sqs/dead-messages/{message_id}`, with its body and its transfers.
pub(crate) async fn message(
    State(app): State<App>,
    _: Viewer,
    Words([id]): Words<1>,
    _: NoParams,
) -> Result<Json<DeadMessage>, ApiError> {
    let pool = app.readers.writer();
    let found = queue_desk::get_message(pool, &id).await?.ok_or_else(|| {
        let detail = "No dead-letter queue has, or had, a message with this id.";
        ApiError::new(ProblemCode::DeadMessageNotFound, detail)
    })?;
    let transfers = queue_desk::transfers_of(pool, &found.transfer_ids).await?;
    let transfer = |one: queue_desk::MessageTransfer| DeadMessageTransfer {
        id: one.id,
        status: one.status,
        dead_letter_id: one.dead_letter_id,
    };
    let mut message = view(found);
    message.transfers = Some(transfers.into_iter().map(transfer).collect());
    Ok(Json(message))
}

fn view(message: queue_desk::DeadMessage) -> DeadMessage {
    DeadMessage {
        message_id: message.message_id,
        queue: message.queue,
        body: message.body,
        attributes: message.attributes,
        transfer_ids: message.transfer_ids,
        event_ids: message.event_ids,
        reason: message.reason,
        fingerprint: message.fingerprint,
        source_arn: message.source_arn,
        receive_count: message.receive_count,
        sent_at: message.sent_at,
        expires_at: message.expires_at,
        expires_in_s: message.expires_in_s,
        first_seen_at: message.first_seen_at,
        last_seen_at: message.last_seen_at,
        status: message.status,
        closed_at: message.closed_at,
        command_id: message.command_id,
        transfers: None,
    }
}
