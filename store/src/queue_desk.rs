//! The desk of the queues: the index of every dead-letter queue, and what operators
//! want done to them.
//!
//! The desk of one process at a time has the lease of a queue ([`lease`]); only its holder
//! reads it, moves its messages and runs its commands. A lease ends by itself, so the work of
//! a process that was killed is taken up by another. All of it may be done twice:
//! consumers drop events that they know.

use sqlx::PgConnection;

use crate::StoreError;
use crate::operator_audit::{self, Act};

mod command;
mod index;
mod lease;
mod read;
mod request;
mod work;

pub use command::{Command, CommandFilter, commands, get_command};
pub use index::{Found, Look, begin_look, finish_look, forget_closed, index};
pub use lease::{Attention, Counts, LEASE, attention, lease, let_go, note_sample};
pub use read::{
    DeadMessage, MessageFilter, MessageGroup, MessageTransfer, Seen, WatchedQueue, get_message,
    groups, messages, queues, transfers_of,
};
pub use request::{NewCommand, RequestError, Requested, StopError, request, stop};
pub use work::{Orders, Outcome, Report, all_by_sqs, claim, finish, note_redriven, report};

/// Appends what became of a command to the audit. Its head is locked last.
async fn record_in_tx(
    connection: &mut PgConnection,
    command: &Command,
    verb: &str,
) -> Result<(), StoreError> {
    let actor = command.requester();
    let action = format!("queue.{}.{verb}", command.act());
    let act = Act {
        actor: &actor,
        action: &action,
        subject: format!("queue:{}", command.queue),
        reason: &command.reason,
        before: serde_json::json!({"command_id": command.id, "status": "running"}),
        after: command.outcome(),
    };
    operator_audit::record_in_tx(connection, &act).await
}
