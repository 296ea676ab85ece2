//! Many commands at once: what is the same for a bulk request and for a stream.

use std::sync::Arc;

use domain::idempotency::{IdempotencyKey, KEY_CHARS_MAX};
use domain::ids::{TransferId, WalletId};
use store::intake::{NewTransfer, Submitted};
use wire::{BulkTransfer, ProblemCode};

use super::checked::{Checked, hide_source, judge_wallets};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::{Trace, read_object};
use crate::intake::{Answer, IntakeError};
use crate::state::App;

/// Who asks for commands.
pub(super) struct Origin {
    pub(super) caller: Arc<Caller>,
    pub(super) trace: Trace,
}

impl Origin {
    /// What ties together everything that the request causes.
    pub(super) fn correlation_id(&self) -> &str {
        self.trace.correlation_id.as_deref().unwrap_or_default()
    }
}

/// Commands of which none has been written.
#[derive(Default)]
pub(super) struct Prepared {
    /// Those that may be written, in their order.
    pub(super) commands: Vec<NewTransfer>,
    /// For each text, its place among `commands` or what is wrong with it.
    pub(super) verdicts: Vec<Result<usize, ApiError>>,
}

/// Reads and checks commands, with one look at the facts of all their wallets. A text that could
/// not be had comes with its problem. An error is about all of them: the facts cannot be had.
pub(super) async fn prepare<'a>(
    app: &App,
    origin: &Origin,
    texts: impl Iterator<Item = Result<&'a [u8], ApiError>>,
) -> Result<Prepared, ApiError> {
    let checked: Vec<Result<(IdempotencyKey, Checked), ApiError>> =
        texts.map(|text| read(text?)).collect();
    let ends = |(_, one): &(IdempotencyKey, Checked)| one.ends().map(|end| end.1);
    let wallets: Vec<WalletId> = checked.iter().flatten().flat_map(ends).collect();
    let facts = app.facts.of_many(wallets).await?;

    let mut prepared = Prepared::default();
    for one in checked {
        let verdict = one.and_then(|(key, one)| {
            let mut known = one.ends().map(|(_, id)| facts.get(&id).copied());
            hide_source(&origin.caller, &mut known);
            judge_wallets(one.ends(), known, one.currency())?;
            let command = one.command(app, origin.caller.id.clone(), key, &origin.trace);
            prepared.commands.push(command);
            Ok(prepared.commands.len() - 1)
        });
        prepared.verdicts.push(verdict);
    }
    Ok(prepared)
}

fn read(text: &[u8]) -> Result<(IdempotencyKey, Checked), ApiError> {
    let (key, body) = read_object::<BulkTransfer>(text)?.split();
    let key = IdempotencyKey::new(&key).map_err(|_| {
        let detail = format!("must be 1 to {KEY_CHARS_MAX} visible ASCII characters");
        ApiError::field(ProblemCode::IdempotencyKeyInvalid, "idempotency_key", detail)
    })?;
    Ok((key, Checked::of(body)?))
}

/// What became of one command.
pub(super) enum Outcome {
    Accepted(TransferId),
    Replayed(TransferId),
    Refused(ApiError),
}

/// Sorts what the intake says. An error may pass, and is about the whole.
pub(super) fn outcome(answer: Answer) -> Result<Outcome, IntakeError> {
    Ok(match answer {
        Ok(Submitted::Accepted(id)) => Outcome::Accepted(id),
        Ok(Submitted::Replayed(id)) => Outcome::Replayed(id),
        Ok(Submitted::KeyReused) => Outcome::Refused(ApiError::field(
            ProblemCode::IdempotencyKeyReused,
            "idempotency_key",
            "was used before, for a command with other fields",
        )),
        Err(IntakeError::Refused) => Outcome::Refused(IntakeError::Refused.into()),
        Err(error) => return Err(error),
    })
}
