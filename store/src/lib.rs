//! Every SQL statement and every transaction of Holdfast.
//!
//! Hot paths (intake, lane) are set-based `.sql` files run through sqlx; wallet
//! CRUD, lists and admin reads go through sea-orm. Never both in one transaction:
//! sea-orm hides its connection.

mod error;
pub mod pool;

pub use error::StoreError;
