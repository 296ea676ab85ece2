//! The way in to the database: who may enter, whom it is left to be, and what happens when the
//! servers change their parts.

mod failover;
mod logins;
mod replica;
mod tls;
