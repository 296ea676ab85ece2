//! What may be done about a dead letter, and what each act would lead to now.
//!
//! Nothing here decides: the domain's own rules run on rows that were read at one moment,
//! without a lock. What is shown holds until somebody else touches the same wallets.

use chrono::{DateTime, Utc};
use domain::dead_letter::{DeadLetterStatus, DeskAct};
use domain::group::{Forecast, OpenTransfer, Outlook, Progress, Rules, forecast};
use domain::ids::DeadLetterId;
use domain::saga::{State, Step};
use sqlx::{Connection, PgConnection, PgPool};

use super::act::cause;
use super::balances::changes;
use super::{BalanceChange, DeadLetter, DeskError, read};
use crate::lane::{self, Peek, SHARD};
use crate::operators::Operator;
use crate::{StoreError, describe};

/// Everything that may be done about one dead letter.
#[derive(Debug, Clone)]
pub struct Options {
    /// The dead letter.
    pub letter: DeadLetter,
    /// The moment that all of it is of.
    pub at: DateTime<Utc>,
    /// One for each act, in the order of [`DeskAct::ALL`].
    pub acts: Vec<ActOption>,
}

/// One act and what it would lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActOption {
    /// The act.
    pub act: DeskAct,
    /// Why it is not possible; none when it is.
    pub refusal: Option<String>,
    /// Where the saga would go on; none when the act ends it.
    pub resume: Option<Resume>,
    /// How the transfer would end; none when the act is not possible.
    pub outlook: Option<Outlook>,
    /// Code of what would go wrong.
    pub code: Option<String>,
    /// The wallets it touches, before and after; empty when the act is not possible.
    pub wallets: Vec<BalanceChange>,
}

/// Where a saga would go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The step, or the one whose undo is next.
    pub step: Step,
    /// Whether its undo is next.
    pub undo: bool,
    /// Steps that are done and would not be run again, the first one first.
    pub reused: Vec<Step>,
    /// What would be run, in this order.
    pub executed: Vec<Ran>,
}

/// A step that would be run, or its undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// The step.
    pub step: Step,
    /// Whether its undo.
    pub undo: bool,
}

/// Looks at a dead letter as it is now. Changes nothing and waits for nobody.
pub async fn options(
    pool: &PgPool,
    id: DeadLetterId,
    actor: &Operator,
) -> Result<Options, DeskError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .execute(&mut *tx)
        .await?;
    let found = look_in_tx(&mut tx, id, actor).await;
    tx.rollback().await?;
    found
}

async fn look_in_tx(
    connection: &mut PgConnection,
    id: DeadLetterId,
    actor: &Operator,
) -> Result<Options, DeskError> {
    let letter = read::get_in_tx(connection, id).await?.ok_or(DeskError::NotFound)?;
    let peek = lane::peek_in_tx(connection, &[letter.transfer_id], SHARD).await?;
    let transfer = peek.transfers.first().filter(|_| letter.status == DeadLetterStatus::Open);
    let option = |act: DeskAct| match transfer {
        None => Ok(closed(act, letter.status)),
        Some(transfer) => {
            lane::by_hand(peek.now, |rules| weigh(rules, &peek, transfer, act, actor))
        }
    };
    let acts = DeskAct::ALL.iter().copied().map(option).collect::<Result<_, StoreError>>()?;
    Ok(Options { letter, at: peek.now, acts })
}

/// Nothing is possible any more.
fn closed(act: DeskAct, status: DeadLetterStatus) -> ActOption {
    let outlook = Some(Outlook::ClosedAlready);
    ActOption { outlook, ..refused(act, format!("It was closed as {status}.")) }
}

fn refused(act: DeskAct, why: String) -> ActOption {
    ActOption {
        act,
        refusal: Some(why),
        resume: None,
        outlook: None,
        code: None,
        wallets: Vec::new(),
    }
}

/// What the act would lead to.
fn weigh(
    rules: &Rules<'_>,
    peek: &Peek,
    transfer: &OpenTransfer,
    act: DeskAct,
    actor: &Operator,
) -> Result<ActOption, StoreError> {
    let cause = cause(actor, "a preview");
    let next = match act.decide(transfer.as_stuck(), cause.clone(), transfer.route(), transfer.id) {
        Ok((state, _)) => state,
        Err(refusal) => return Ok(refused(act, refusal.detail().to_owned())),
    };
    let mut book = peek.book.clone();
    let told = if let State::Abandoned(resolution) = next {
        let ended = rules.resolve(transfer.clone(), resolution, &mut book);
        ended.map(|ended| (Forecast::of(ended), None))
    } else if act == DeskAct::ForceForward {
        rules.force_forward(transfer.clone(), &mut book).map(|forced| match forced.progress {
            Progress::Ready => {
                let step = forced.transfer.step;
                (forecast(rules, forced.transfer, None, &mut book), Some((step, false)))
            }
            _ => (Forecast::of(forced), None),
        })
    } else {
        let turn_back = Some(cause).filter(|_| act == DeskAct::Compensate);
        let told = forecast(rules, transfer.clone(), turn_back, &mut book);
        Ok((told, next.goes_on_at().map(|(step, undo_of)| (step, undo_of.is_some()))))
    };
    let (told, place) = match told {
        Ok(told) => told,
        Err(broken) => {
            return Ok(refused(act, format!("It cannot be done: {}.", describe(&broken))));
        }
    };
    let executed = told.log.iter().map(|line| Ran { step: line.step, undo: line.undo });
    let executed: Vec<Ran> = executed.collect();
    let resume = place.map(|(step, undo)| {
        let reused = if undo { Vec::new() } else { transfer.route().done_before(step) };
        Resume { step, undo, reused, executed }
    });
    Ok(ActOption {
        act,
        refusal: None,
        resume,
        outlook: Some(told.outlook),
        code: told.code,
        wallets: changes(transfer, SHARD, &peek.book, &book)?,
    })
}
