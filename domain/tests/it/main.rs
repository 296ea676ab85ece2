//! The specification of the rules: tables where cases can be listed, properties where they cannot.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where one of its helpers fails"
)]

mod group;
mod helpers;
mod journal;
mod limit;
mod money;
mod outside;
mod plan;
mod retry;
mod saga;
mod switch;
mod text;
mod transfer;
