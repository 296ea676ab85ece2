//! Every SQL statement and every transaction of Holdfast.
//!
//! Hot paths (intake, lane) are set-based `.sql` files run through sqlx; wallet
//! CRUD, lists and admin reads go through sea-orm. Never both in one transaction:
//! sea-orm hides its connection.

pub mod answers;
pub mod api_keys;
pub mod approvals;
pub mod archive;
pub mod audit;
pub mod backlog;
pub mod calls;
pub mod census;
mod checkpoint;
pub mod desk;
mod error;
pub mod facts;
pub mod gauges;
pub mod health;
pub mod idempotency;
pub mod inbox;
pub mod incidents;
pub mod intake;
mod jobs;
pub mod lane;
pub mod ledger;
pub mod limits;
pub mod maintenance;
pub mod metrics;
pub mod notices;
pub mod operator_audit;
pub mod operators;
mod orm;
pub mod outbox;
pub mod overview;
pub mod plans;
pub mod pool;
pub mod put_off;
pub mod queue_desk;
pub mod queues;
pub mod readers;
pub mod relay;
pub mod replay;
pub mod retention;
pub mod statements;
pub mod switches;
pub mod timers;
pub mod transfers;
pub mod wake;
pub mod wallets;
pub mod writer;

pub use error::{StoreError, Temper, describe};
