//! Turns the outcomes of a group into arrays and writes them.
//!
//! Plain transfers that come to their end are one statement. Whatever else there is has
//! statements of its own, which are not run without it.

use chrono::{DateTime, Utc};
use domain::answer::Awaited;
use domain::event::{Envelope, TransferData};
use domain::failure::Failure;
use domain::group::{Advanced, LogLine, PostedEntry, PostedLine, Progress, WalletChange};
use domain::ids::TransferId;
use sqlx::postgres::PgArguments;
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, Row};
use uuid::Uuid;

use crate::{StoreError, jobs};

/// What became of one transfer, with what its event carries along.
#[derive(Debug)]
pub struct Outcome {
    /// What was done to it.
    pub advanced: Advanced,
    /// Of the request that caused it; null when it had none.
    pub correlation_id: Option<String>,
    /// W3C trace context of that request; null when it had none.
    pub traceparent: Option<String>,
}

/// Writes everything that a group has decided. `now` is the clock under the locks.
pub(super) async fn write_in_tx(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    changes: &[WalletChange],
    outcomes: &[Outcome],
) -> Result<(), StoreError> {
    apply_in_tx(connection, now, changes, outcomes).await?;
    terms_in_tx(connection, outcomes).await?;
    let kept: Vec<&Advanced> = outcomes
        .iter()
        .map(|outcome| &outcome.advanced)
        .filter(|one| one.progress != Progress::Final)
        .collect();
    if kept.is_empty() {
        return Ok(());
    }
    keep_in_tx(connection, now, &kept).await?;
    dead_letters_in_tx(connection, now, &kept).await?;
    let waiting: Vec<(TransferId, DateTime<Utc>)> = kept
        .iter()
        .filter(|one| matches!(one.progress, Progress::Waiting(_)))
        .map(|one| (one.transfer.id, due_at(one, now)))
        .collect();
    if !waiting.is_empty() {
        jobs::enqueue_in_tx(connection, &waiting).await?;
    }
    let awaits_call =
        |one: &&&Advanced| matches!(one.progress, Progress::Awaits { what: Awaited::Call, .. });
    let calls: Vec<TransferId> =
        kept.iter().filter(awaits_call).map(|one| one.transfer.id).collect();
    if !calls.is_empty() {
        jobs::enqueue_calls_in_tx(connection, &calls).await?;
    }
    Ok(())
}

/// Shows clients what the steps have added to the terms of their transfers.
async fn terms_in_tx(
    connection: &mut PgConnection,
    outcomes: &[Outcome],
) -> Result<(), StoreError> {
    let with_terms = outcomes.iter().map(|outcome| &outcome.advanced.transfer);
    let with_terms: Vec<_> = with_terms.filter(|transfer| transfer.terms.is_some()).collect();
    if with_terms.is_empty() {
        return Ok(());
    }
    let ids = column(&with_terms, |transfer| transfer.id.0);
    let lowest = ids.iter().min().copied().unwrap_or_default();
    let highest = ids.iter().max().copied().unwrap_or_default();
    sqlx::query(include_str!("terms.sql"))
        .bind(ids)
        .bind(column(&with_terms, |transfer| transfer.terms.clone().map(Json)))
        .bind(lowest)
        .bind(highest)
        .execute(connection)
        .await?;
    Ok(())
}

/// apply.sql with part of its arrays.
type Bound<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

async fn apply_in_tx(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    changes: &[WalletChange],
    outcomes: &[Outcome],
) -> Result<(), StoreError> {
    let advanced: Vec<&Advanced> = outcomes.iter().map(|outcome| &outcome.advanced).collect();
    // In the order of the statement's parameters.
    let query = sqlx::query(include_str!("apply.sql"));
    let query = bind_wallets(query, changes).bind(now);
    let query = bind_transfers(query, &advanced);
    let query = bind_log(query, &advanced);
    let query = bind_entries(query, &advanced);
    let query = bind_events(query, outcomes)?;
    let seen: i64 = query.fetch_one(connection).await?.try_get(0)?;
    if usize::try_from(seen).ok() != Some(outcomes.len()) {
        return Err(StoreError::Corrupt("an open row has no transfer".to_owned()));
    }
    Ok(())
}

fn bind_wallets<'q>(query: Bound<'q>, changes: &[WalletChange]) -> Bound<'q> {
    query
        .bind(column(changes, |one| one.id.0))
        .bind(column(changes, |one| one.debits_posted))
        .bind(column(changes, |one| one.credits_posted))
        .bind(column(changes, |one| one.debits_pending))
        .bind(column(changes, |one| one.postings))
        .bind(column(changes, |one| one.events))
        .bind(column(changes, |one| one.last_posted_at))
}

fn bind_transfers<'q>(query: Bound<'q>, advanced: &[&Advanced]) -> Bound<'q> {
    let ids = column(advanced, |one| one.transfer.id.0);
    let lowest = ids.iter().min().copied().unwrap_or_default();
    let highest = ids.iter().max().copied().unwrap_or_default();
    let ended = advanced.iter().filter(|one| one.progress == Progress::Final);
    let ended: Vec<Uuid> = ended.map(|one| one.transfer.id.0).collect();
    let failure = |one: &Advanced| one.failure.clone();
    query
        .bind(ids)
        .bind(column(advanced, |one| one.status.as_str()))
        .bind(column(advanced, |one| one.transfer.source.map(|id| id.0)))
        .bind(column(advanced, |one| one.entry.as_ref().map(|entry| entry.id.0)))
        .bind(column(advanced, |one| Some(one.transfer.hold.0).filter(|hold| *hold > 0)))
        .bind(column(advanced, |one| failure(one).map(|failure| failure.class.as_str())))
        .bind(column(advanced, |one| failure(one).map(|failure| failure.code)))
        .bind(column(advanced, |one| failure(one).map(|failure| failure.detail)))
        .bind(lowest)
        .bind(highest)
        .bind(ended)
}

fn bind_log<'q>(query: Bound<'q>, advanced: &[&Advanced]) -> Bound<'q> {
    let lines = |one: &&Advanced| -> Vec<(Uuid, LogLine)> {
        one.log.iter().map(|line| (one.transfer.id.0, line.clone())).collect()
    };
    let log: Vec<(Uuid, LogLine)> = advanced.iter().flat_map(lines).collect();
    let failure = |line: &LogLine| line.failure.clone();
    query
        .bind(column(&log, |(id, _)| *id))
        .bind(column(&log, |(_, line)| small(line.seq)))
        .bind(column(&log, |(_, line)| line.step.as_str()))
        .bind(column(&log, |(_, line)| line.undo))
        .bind(column(&log, |(_, line)| small(line.attempt)))
        .bind(column(&log, |(_, line)| outcome_word(line.failure.as_ref())))
        .bind(column(&log, |(_, line)| failure(line).map(|failure| failure.code)))
        .bind(column(&log, |(_, line)| failure(line).map(|failure| failure.detail)))
}

fn bind_entries<'q>(query: Bound<'q>, advanced: &[&Advanced]) -> Bound<'q> {
    let entries: Vec<&PostedEntry> = advanced.iter().filter_map(|one| one.entry.as_ref()).collect();
    let lines: Vec<(&PostedEntry, &PostedLine)> =
        entries.iter().flat_map(|entry| entry.lines.iter().map(|line| (*entry, line))).collect();
    query
        .bind(column(&entries, |entry| entry.id.0))
        .bind(column(&entries, |entry| entry.transfer.0))
        .bind(column(&entries, |entry| entry.posted_at))
        .bind(column(&lines, |(_, line)| line.posting.wallet.0))
        .bind(column(&lines, |(entry, _)| entry.posted_at))
        .bind(column(&lines, |(_, line)| line.wallet_seq))
        .bind(column(&lines, |(entry, _)| entry.id.0))
        .bind(column(&lines, |(_, line)| line.posting.side.as_str()))
        .bind(column(&lines, |(_, line)| line.posting.amount.0))
        .bind(column(&lines, |(_, line)| line.posting.currency.as_str().to_owned()))
        .bind(column(&lines, |(_, line)| line.balance_after.0))
}

fn bind_events<'q>(query: Bound<'q>, outcomes: &[Outcome]) -> Result<Bound<'q>, StoreError> {
    let told: Vec<(&Outcome, &Envelope<TransferData>)> = outcomes
        .iter()
        .filter_map(|outcome| outcome.advanced.event.as_ref().map(|event| (outcome, event)))
        .collect();
    let envelopes: Vec<String> = told
        .iter()
        .map(|(_, event)| serde_json::to_string(event))
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(query
        .bind(column(&told, |(_, event)| event.event_id.0))
        .bind(column(&told, |(_, event)| event.event_type.as_str()))
        .bind(column(&told, |(_, event)| event.occurred_at))
        .bind(column(&told, |(outcome, _)| outcome.advanced.transfer.id.0))
        .bind(column(&told, |(outcome, _)| outcome.correlation_id.clone()))
        .bind(column(&told, |(outcome, _)| outcome.traceparent.clone()))
        .bind(envelopes))
}

async fn keep_in_tx(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    kept: &[&Advanced],
) -> Result<(), StoreError> {
    let undo = |one: &Advanced| one.transfer.undo_of.clone();
    sqlx::query(include_str!("keep.sql"))
        .bind(column(kept, |one| one.transfer.id.0))
        .bind(column(kept, |one| one.transfer.source.map(|id| id.0)))
        .bind(column(kept, |one| one.transfer.step.as_str()))
        .bind(column(kept, |one| small(one.transfer.attempt)))
        .bind(column(kept, |one| undo(one).map(|failure| failure.class.as_str())))
        .bind(column(kept, |one| undo(one).map(|failure| failure.code)))
        .bind(column(kept, |one| undo(one).map(|failure| failure.detail)))
        .bind(column(kept, |one| one.transfer.hold.0))
        .bind(column(kept, |one| small(one.transfer.log_seq)))
        .bind(column(kept, |one| due_at(one, now)))
        .bind(column(kept, |one| match &one.progress {
            Progress::Stuck { reason, .. } => Some(reason.as_str()),
            _ => None,
        }))
        .bind(column(kept, |one| match one.progress {
            Progress::Paused(switch) => Some(switch.waiting_for()),
            Progress::Awaits { what, .. } => Some(what.as_str().to_owned()),
            _ => None,
        }))
        .bind(column(kept, |one| one.transfer.terms.clone().map(Json)))
        .bind(column(kept, |one| one.transfer.answer.clone().map(Json)))
        .bind(column(kept, |one| one.transfer.limit_day))
        .execute(connection)
        .await?;
    Ok(())
}

async fn dead_letters_in_tx(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    kept: &[&Advanced],
) -> Result<(), StoreError> {
    let stuck: Vec<_> = kept
        .iter()
        .filter_map(|one| match &one.progress {
            Progress::Stuck { reason, failure } => Some((*one, *reason, failure)),
            _ => None,
        })
        .collect();
    if stuck.is_empty() {
        return Ok(());
    }
    let tries = |one: &Advanced| one.log.last().map_or(0, |line| i32::from(small(line.attempt)));
    sqlx::query(include_str!("dead_letter.sql"))
        .bind(now)
        .bind(column(&stuck, |_| Uuid::now_v7()))
        .bind(column(&stuck, |(one, ..)| one.transfer.id.0))
        .bind(column(&stuck, |(_, reason, _)| reason.as_str()))
        .bind(column(&stuck, |(one, ..)| one.transfer.step.as_str()))
        .bind(column(&stuck, |(one, ..)| one.transfer.undo_of.is_some()))
        .bind(column(&stuck, |(.., failure)| failure.class.as_str()))
        .bind(column(&stuck, |(.., failure)| failure.code.clone()))
        .bind(column(&stuck, |(.., failure)| failure.detail.clone()))
        .bind(column(&stuck, |(one, _, failure)| failure.fingerprint(one.transfer.step).0))
        .bind(column(&stuck, |(one, ..)| tries(one)))
        .bind(column(&stuck, |(one, ..)| one.transfer.hold.0))
        .execute(connection)
        .await?;
    for (one, reason, failure) in stuck {
        let id = one.transfer.id;
        tracing::warn!(
            transfer.id = %id, saga.step = %one.transfer.step, failure.code = %failure.code,
            "transfer {id} is stuck ({reason}): {}", failure.detail
        );
    }
    Ok(())
}

/// When a kept row is to be looked at next.
fn due_at(one: &Advanced, now: DateTime<Utc>) -> DateTime<Utc> {
    match one.progress {
        Progress::Waiting(delay) => now + delay,
        Progress::Awaits { until, .. } => until,
        _ => now,
    }
}

fn outcome_word(failure: Option<&Failure>) -> &'static str {
    failure.map_or("succeeded", |failure| failure.class.as_str())
}

/// One array of a set-based statement.
fn column<T, R>(rows: &[T], read: impl Fn(&T) -> R) -> Vec<R> {
    rows.iter().map(read).collect()
}

/// Attempts and log positions are far below 32,767; a larger one stays at it.
fn small<T: TryInto<i16>>(number: T) -> i16 {
    number.try_into().unwrap_or(i16::MAX)
}
