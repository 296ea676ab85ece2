//! Commands become durable here: many in one transaction.
//!
//! The idempotency protocol:
//! * A key belongs to one caller and stands for one intention, for 30 days.
//! * What is compared is everything that moves money: kind, ends, amount,
//!   currency, reference and metadata.
//! * Same key, same payload: the transfer that the first one made.
//! * Same key, other payload: refused, and nothing is written.
//! * The key's row, the transfer, its open row and the job are one transaction,
//!   so a key that is taken always leads to a transfer.

use std::collections::HashMap;

use domain::idempotency::IdempotencyKey;
use domain::ids::{TransferId, WalletId};
use domain::job::{BULK_JOB_MAX, BULK_PRIORITY, GROUP_MAX, SAGA_QUEUE, SagaJob};
use domain::money::{Amount, Currency};
use domain::terms::Terms;
use domain::transfer::TransferKind;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, Row};
use ulid::Ulid;
use uuid::Uuid;

use crate::idempotency::{key_hash, payload_hash};
use crate::{StoreError, jobs};

/// A validated command, not yet written down.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// Made by the server.
    pub id: TransferId,
    /// What sort of transfer.
    pub kind: TransferKind,
    /// Who asks; idempotency keys are scoped to it.
    pub caller: String,
    /// The client's id of this intention.
    pub key: IdempotencyKey,
    /// Null for a deposit: the lane chooses a shard of the cash wallet.
    pub source: Option<WalletId>,
    /// Where the money goes.
    pub destination: WalletId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The client's own text.
    pub reference: Option<String>,
    /// The client's own data.
    pub metadata: Option<serde_json::Value>,
    /// Ties together everything that this request caused.
    pub correlation_id: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// What it has beyond a plain transfer; none for a plain one.
    pub terms: Option<Box<Terms>>,
    /// What of the terms the client asked for, as text: compared when the key comes again. The
    /// terms themselves may hold what the server worked out, such as a time.
    pub terms_asked: String,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// Written: a new transfer.
    Accepted(TransferId),
    /// The key had made this transfer before.
    Replayed(TransferId),
    /// The key had made a transfer from another payload.
    KeyReused,
}

/// How a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Each command stands for itself, and is to be run soon.
    Soon,
    /// Each command stands for itself, and is run when nothing that came alone waits.
    Bulk,
    /// As [`Manner::Bulk`], but all of the batch is written, or none.
    Together,
}

impl Manner {
    /// How many transfers a job takes.
    fn job_max(self) -> usize {
        match self {
            Self::Soon => GROUP_MAX,
            Self::Bulk | Self::Together => BULK_JOB_MAX,
        }
    }

    fn priority(self) -> i32 {
        match self {
            Self::Soon => 0,
            Self::Bulk | Self::Together => BULK_PRIORITY,
        }
    }
}

/// One command of a batch, with its hashes.
struct Keyed<'a> {
    command: &'a NewTransfer,
    key_hash: Uuid,
    payload_hash: Uuid,
}

/// Writes a batch of commands that are to be run soon; see [`write()`].
pub async fn write_batch(
    connection: &mut PgConnection,
    commands: &[NewTransfer],
) -> Result<Vec<Submitted>, StoreError> {
    write(connection, commands, Manner::Soon).await
}

/// Writes a batch in one transaction and answers for each command, in their order.
///
/// Commands are written in the order of their key hashes: two batches that hold
/// the same keys in another order would deadlock on the unique index.
///
/// With [`Manner::Together`] and a [`Submitted::KeyReused`] among the answers nothing was
/// written, whatever the other answers say.
pub async fn write(
    connection: &mut PgConnection,
    commands: &[NewTransfer],
    manner: Manner,
) -> Result<Vec<Submitted>, StoreError> {
    let keyed: Vec<Keyed> = commands.iter().map(Keyed::of).collect();
    // First of each key, in key order; later ones of the same key are its replays.
    let mut firsts: HashMap<Uuid, &Keyed> = HashMap::with_capacity(keyed.len());
    for one in &keyed {
        firsts.entry(one.key_hash).or_insert(one);
    }
    let mut writes: Vec<&Keyed> = firsts.values().copied().collect();
    writes.sort_unstable_by_key(|one| one.key_hash);

    let mut originals: HashMap<Uuid, Original> = HashMap::with_capacity(writes.len());
    let mut tx = connection.begin().await?;
    let accepted = insert_in_tx(&mut tx, &writes, manner).await?;
    let mut taken = Vec::new();
    for one in writes {
        if accepted.contains(&one.command.id.0) {
            originals.insert(one.key_hash, Original::new(one));
        } else {
            taken.push(one.key_hash);
        }
    }
    if !taken.is_empty() {
        originals.extend(originals_in_tx(&mut tx, &taken).await?);
    }
    let answers: Vec<Submitted> = keyed
        .iter()
        .map(|one| {
            // A key can only be missing when it was purged between the two statements.
            let original = originals.get(&one.key_hash).ok_or(StoreError::Contended)?;
            Ok(match original {
                original if original.payload_hash != one.payload_hash => Submitted::KeyReused,
                original if original.transfer == one.command.id => {
                    Submitted::Accepted(original.transfer)
                }
                original => Submitted::Replayed(original.transfer),
            })
        })
        .collect::<Result<_, StoreError>>()?;
    if manner == Manner::Together && answers.contains(&Submitted::KeyReused) {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    Ok(answers)
}

/// The command that a key stands for.
struct Original {
    payload_hash: Uuid,
    transfer: TransferId,
}

impl Original {
    fn new(one: &Keyed) -> Self {
        Self { payload_hash: one.payload_hash, transfer: one.command.id }
    }
}

impl<'a> Keyed<'a> {
    fn of(command: &'a NewTransfer) -> Self {
        let source = command.source.map(|id| id.0).unwrap_or_default();
        let metadata = command.metadata.as_ref().map(ToString::to_string);
        let payload_hash = payload_hash(&[
            command.kind.as_str().as_bytes(),
            source.as_bytes(),
            command.destination.0.as_bytes(),
            &command.amount.minor().0.to_be_bytes(),
            &command.currency.code(),
            // An empty reference is another one than none.
            &[u8::from(command.reference.is_some())],
            command.reference.as_deref().unwrap_or_default().as_bytes(),
            metadata.as_deref().unwrap_or_default().as_bytes(),
            command.terms_asked.as_bytes(),
        ]);
        Self { command, key_hash: key_hash(&command.caller, &command.key), payload_hash }
    }
}

/// Inserts what is new and returns the ids of the transfers written.
async fn insert_in_tx(
    connection: &mut PgConnection,
    writes: &[&Keyed<'_>],
    manner: Manner,
) -> Result<std::collections::HashSet<Uuid>, StoreError> {
    let column = |read: fn(&NewTransfer) -> &str| -> Vec<&str> {
        writes.iter().map(|one| read(one.command)).collect()
    };
    let optional = |read: fn(&NewTransfer) -> Option<&str>| -> Vec<Option<&str>> {
        writes.iter().map(|one| read(one.command)).collect()
    };
    let uuids: Vec<Uuid> = writes.iter().map(|one| one.command.id.0).collect();
    // In the order in which the commands came, so that bulk work is run about in that order.
    let mut ids: Vec<TransferId> = uuids.iter().copied().map(TransferId).collect();
    ids.sort_unstable();
    let payloads = ids
        .chunks(manner.job_max())
        .map(|ids| jobs::encode(&SagaJob::V1 { ids: ids.to_vec() }))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let job_ids: Vec<String> = payloads.iter().map(|_| Ulid::generate().to_string()).collect();
    let rows = sqlx::query(include_str!("intake/insert.sql"))
        .bind(writes.iter().map(|one| one.key_hash).collect::<Vec<_>>())
        .bind(writes.iter().map(|one| one.payload_hash).collect::<Vec<_>>())
        .bind(uuids)
        .bind(column(|command| command.kind.as_str()))
        .bind(column(|command| &command.caller))
        .bind(writes.iter().map(|one| one.command.source.map(|id| id.0)).collect::<Vec<_>>())
        .bind(writes.iter().map(|one| one.command.destination.0).collect::<Vec<_>>())
        .bind(writes.iter().map(|one| one.command.amount.minor().0).collect::<Vec<_>>())
        .bind(column(|command| command.currency.as_str()))
        .bind(optional(|command| command.reference.as_deref()))
        .bind(writes.iter().map(|one| one.command.metadata.clone()).collect::<Vec<_>>())
        .bind(optional(|command| command.correlation_id.as_deref()))
        .bind(optional(|command| command.traceparent.as_deref()))
        .bind(job_ids)
        .bind(SAGA_QUEUE)
        .bind(payloads)
        .bind(writes.iter().map(|one| one.command.terms.clone().map(Json)).collect::<Vec<_>>())
        .bind(manner.priority())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Reads what the taken keys stand for, in a statement of its own: the insert's
/// snapshot does not see a batch that committed while it waited.
async fn originals_in_tx(
    connection: &mut PgConnection,
    taken: &[Uuid],
) -> Result<Vec<(Uuid, Original)>, StoreError> {
    let rows =
        sqlx::query(include_str!("intake/originals.sql")).bind(taken).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let transfer = TransferId(row.try_get(2)?);
            Ok((row.try_get(0)?, Original { payload_hash: row.try_get(1)?, transfer }))
        })
        .collect()
}
