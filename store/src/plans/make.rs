//! Making a plan: choose, forecast, freeze.

use std::collections::{BTreeMap, BTreeSet};

use domain::dead_letter::DeskAct;
use domain::failure::{Failure, FailureClass};
use domain::group::{Book, Forecast, OpenTransfer, Outlook, Rules, forecast};
use domain::ids::{DeadLetterId, PlanId, TransferId};
use domain::saga::Step;
use domain::text::UnknownWord;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use super::{Plan, PlanError, read};
use crate::StoreError;
use crate::desk::{self, DeadLetter, Way};
use crate::lane::{Peek, SHARD, by_hand, peek_in_tx};
use crate::operators::Operator;

/// Most items of one plan. So many are forecast and written in a few seconds and in
/// some hundred megabytes of memory; whoever has more makes another plan afterwards.
pub const ITEMS_MAX: usize = 100_000;

/// Which dead letters a plan is made of.
#[derive(Debug, Clone)]
pub enum Choice {
    /// These, open or not.
    Ids(Vec<DeadLetterId>),
    /// All open ones that match.
    Matching(desk::Filter),
}

impl Choice {
    /// For people: the items themselves are the set.
    fn told(&self) -> Result<Value, StoreError> {
        Ok(match self {
            Self::Ids(ids) => json!({"dead_letter_ids": ids.len()}),
            Self::Matching(filter) => serde_json::to_value(filter)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
        })
    }
}

/// What is stored of an item when the plan is made.
struct Frozen {
    letter: DeadLetter,
    /// Where it goes on; where it stood, when there is nothing to send.
    step: Step,
    undo: bool,
    outlook: Outlook,
    code: Option<String>,
}

/// Makes a plan. Touches nothing but the plan itself.
pub async fn make(
    pool: &PgPool,
    way: Way,
    choice: &Choice,
    actor: &Operator,
) -> Result<Plan, PlanError> {
    let id = PlanId(Uuid::now_v7());
    let mut connection = pool.acquire().await?;
    // One view of dead letters, open rows and wallets.
    let mut tx = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    let letters = choose_in_tx(&mut tx, choice).await?;
    let open = letters.iter().filter(|one| one.is_open());
    let transfers: Vec<TransferId> = open.map(|one| one.transfer_id).collect();
    let peek = peek_in_tx(&mut tx, &transfers, SHARD).await?;
    let frozen = freeze(way, letters, peek)?;
    write_in_tx(&mut tx, id, way, choice.told()?, &frozen, actor).await?;
    tx.commit().await?;
    drop(connection);
    read::get(pool, id).await?.ok_or(PlanError::NotFound)
}

/// The chosen dead letters in order of transfer ids.
async fn choose_in_tx(
    connection: &mut PgConnection,
    choice: &Choice,
) -> Result<Vec<DeadLetter>, PlanError> {
    let mut letters = match choice {
        Choice::Ids(ids) => {
            let found = desk::by_ids_in_tx(connection, ids).await?;
            let known: BTreeSet<DeadLetterId> = found.iter().map(|one| one.id).collect();
            let unknown: Vec<_> = ids.iter().filter(|id| !known.contains(id)).copied().collect();
            if !unknown.is_empty() {
                return Err(PlanError::UnknownDeadLetters(unknown));
            }
            found
        }
        Choice::Matching(filter) => {
            let limit = u64::try_from(ITEMS_MAX + 1).unwrap_or(u64::MAX);
            desk::list_in_tx(connection, filter, limit).await?
        }
    };
    if letters.is_empty() {
        return Err(PlanError::Empty);
    }
    if letters.len() > ITEMS_MAX {
        return Err(PlanError::TooMany);
    }
    letters.sort_by_key(|one| (one.transfer_id, one.id));
    Ok(letters)
}

/// Asks the rules what would become of each, one after the other on the same book.
fn freeze(way: Way, letters: Vec<DeadLetter>, peek: Peek) -> Result<Vec<Frozen>, StoreError> {
    let Peek { transfers, mut book, now } = peek;
    let mut open: BTreeMap<TransferId, _> =
        transfers.into_iter().map(|one| (one.id, one)).collect();
    by_hand(now, |rules| {
        let freeze = |letter: DeadLetter| {
            // A transfer may have died before: only its open dead letter speaks for it.
            let transfer = if letter.is_open() { open.remove(&letter.transfer_id) } else { None };
            let Some(transfer) = transfer else { return closed(letter) };
            let Future { step, undo_of, told, .. } = look_ahead(rules, way, transfer, &mut book);
            let (outlook, code) = (told.outlook, told.code);
            Ok(Frozen { letter, step, undo: undo_of.is_some(), outlook, code })
        };
        letters.into_iter().map(freeze).collect()
    })
}

/// Somebody has decided about it already.
fn closed(letter: DeadLetter) -> Result<Frozen, StoreError> {
    let step = letter.step.parse();
    let step: Step = step.map_err(|error: UnknownWord| StoreError::Corrupt(error.to_string()))?;
    let (undo, code) = (letter.undo, Some(letter.status.to_string()));
    Ok(Frozen { letter, step, undo, outlook: Outlook::ClosedAlready, code })
}

/// Where a parked transfer goes on, and what would become of it.
pub(super) struct Future {
    pub(super) step: Step,
    pub(super) undo_of: Option<Failure>,
    pub(super) told: Forecast,
    /// Whether the rules allow it at all.
    pub(super) possible: bool,
}

/// Asks the rules about one transfer. One that compensates already just goes on doing so.
pub(super) fn look_ahead(
    rules: &Rules<'_>,
    way: Way,
    transfer: OpenTransfer,
    book: &mut Book,
) -> Future {
    let detail = "Turned back by a plan of an operator.";
    let cause = Failure::new(FailureClass::Permanent, "compensated_by_operator", detail);
    let back = (way == Way::Compensate && transfer.undo_of.is_none()).then_some(cause);
    let decided = back.clone().and_then(|cause| {
        let (stuck, route) = (transfer.as_stuck(), transfer.route());
        DeskAct::Compensate.decide(stuck, cause, route, transfer.id).ok()?.0.goes_on_at()
    });
    let possible = back.is_none() || decided.is_some();
    let (step, undo_of) = decided.unwrap_or_else(|| (transfer.step, transfer.undo_of.clone()));
    Future { step, undo_of, told: forecast(rules, transfer, back, book), possible }
}

/// What apply must name: whoever was shown another set, order or forecast has another hash.
fn hash(way: Way, frozen: &[Frozen]) -> Vec<u8> {
    let mut sha = Sha256::new();
    sha.update(way.as_str());
    for one in frozen {
        let letter = &one.letter;
        let code = one.code.as_deref().unwrap_or("-");
        sha.update(format!(
            "\n{} {} {} {} {} {} {} {} {code}",
            letter.id,
            letter.transfer_id,
            one.step,
            one.undo,
            letter.amount_minor,
            letter.currency,
            letter.held_minor,
            one.outlook,
        ));
    }
    sha.finalize().to_vec()
}

async fn write_in_tx(
    connection: &mut PgConnection,
    id: PlanId,
    way: Way,
    selection: Value,
    frozen: &[Frozen],
    actor: &Operator,
) -> Result<(), StoreError> {
    let causes: BTreeSet<&str> = frozen.iter().map(|one| one.letter.fingerprint.as_str()).collect();
    sqlx::query(include_str!("insert_plan.sql"))
        .bind(id.0)
        .bind(way.as_str())
        .bind(selection)
        .bind(hash(way, frozen))
        .bind(causes.into_iter().collect::<Vec<_>>())
        .bind(i32::try_from(frozen.len()).unwrap_or(i32::MAX))
        .bind(&actor.name)
        .execute(&mut *connection)
        .await?;
    let letters = || frozen.iter().map(|one| &one.letter);
    sqlx::query(include_str!("insert_items.sql"))
        .bind(id.0)
        .bind(letters().map(|one| one.id.0).collect::<Vec<_>>())
        .bind(letters().map(|one| one.transfer_id.0).collect::<Vec<_>>())
        .bind(letters().map(|one| one.fingerprint.as_str()).collect::<Vec<_>>())
        .bind(frozen.iter().map(|one| one.step.as_str()).collect::<Vec<_>>())
        .bind(frozen.iter().map(|one| one.undo).collect::<Vec<_>>())
        .bind(letters().map(|one| one.source_wallet_id.map(|id| id.0)).collect::<Vec<_>>())
        .bind(letters().map(|one| one.amount_minor).collect::<Vec<_>>())
        .bind(letters().map(|one| one.currency.as_str()).collect::<Vec<_>>())
        .bind(letters().map(|one| one.held_minor).collect::<Vec<_>>())
        .bind(frozen.iter().map(|one| one.outlook.as_str()).collect::<Vec<_>>())
        .bind(frozen.iter().map(|one| one.code.as_deref()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
