//! One sea-orm entity per table of Holdfast, and what its rows mean in the domain.
//!
//! The models hold columns as the database gives them: words as text, money as
//! `i64`. The conversions beside each model turn them into domain types and say
//! [`InvalidRow`] for what the domain does not know.
// The derive makes public items for every entity (`Column::OwnerId`, `ActiveModel`, `Relation`)
// that only repeat the columns; those are described on the models.
#![allow(missing_docs)]

pub mod api_key;
pub mod approval;
pub mod balance_checkpoint;
pub mod balance_checkpoint_line;
pub mod business_minute;
pub mod dead_letter;
pub mod dead_message;
pub mod event;
pub mod event_audit;
pub mod event_audit_head;
pub mod idempotency_key;
pub mod inbox;
pub mod journal_entry;
pub mod limit_window;
pub mod operator;
pub mod operator_audit;
pub mod operator_audit_head;
pub mod operator_command;
pub mod outbox;
pub mod owner_setting;
pub mod posting;
pub mod provider_notice;
pub mod redrive_item;
pub mod redrive_plan;
mod row;
pub mod saga_open;
pub mod saga_step;
pub mod sqs_queue;
pub mod switch;
pub mod transfer;
pub mod transfer_leg;
pub mod transfer_limit;
pub mod transfer_reversal;
pub mod wallet;
pub mod wallet_balance;

pub use row::InvalidRow;
