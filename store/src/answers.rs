//! What comes from outside for a transfer that waits: written where the lane finds it.
//!
//! Each is one conditional statement on the open row, so of a capture, a void and the end of a
//! hold that come at once one has its way, and the others see that they came too late.

use domain::answer::{Answer, Awaited};
use domain::ids::TransferId;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, Row};

use crate::{StoreError, jobs};

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// The lane finds it. The caller wakes the lane.
    Taken,
    /// The transfer waits for nothing of the sort: not yet, no longer, or it waits for a person.
    NotAwaited,
}

/// Writes an answer for a transfer that waits for one of `expected`, with a job for a lane.
pub async fn post(
    connection: &mut PgConnection,
    id: TransferId,
    expected: &[Awaited],
    answer: &Answer,
) -> Result<Posted, StoreError> {
    let mut tx = connection.begin().await?;
    let posted = post_in_tx(&mut tx, id, expected, answer).await?;
    tx.commit().await?;
    Ok(posted)
}

/// The same as part of a transaction.
pub(crate) async fn post_in_tx(
    connection: &mut PgConnection,
    id: TransferId,
    expected: &[Awaited],
    answer: &Answer,
) -> Result<Posted, StoreError> {
    let expected: Vec<&str> = expected.iter().map(|one| one.as_str()).collect();
    let row = sqlx::query(include_str!("answers/post.sql"))
        .bind(id.0)
        .bind(expected)
        .bind(Json(answer))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(Posted::NotAwaited) };
    jobs::enqueue_in_tx(connection, &[(id, row.try_get(0)?)]).await?;
    Ok(Posted::Taken)
}

/// The answer that a lane has not come to yet; none when there is none.
pub async fn pending(
    connection: &mut PgConnection,
    id: TransferId,
) -> Result<Option<Answer>, StoreError> {
    let row = sqlx::query("SELECT answer FROM saga_open WHERE transfer_id = $1")
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    let answer = row.map(|row| row.try_get::<Option<Json<Answer>>, _>(0)).transpose()?.flatten();
    Ok(answer.map(|answer| answer.0))
}
