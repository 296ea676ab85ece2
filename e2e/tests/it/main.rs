//! Tests of the whole: of the running system, and of the tree that it is built from.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where one of its helpers fails"
)]

mod archive;
mod bulk;
mod calls;
mod concurrency;
mod console;
mod consumers;
mod crash;
mod desk;
mod events;
mod expanded;
mod intake;
mod limits;
mod outside;
mod overview;
mod plans;
mod providers;
mod queue_desk;
mod relay;
mod retention;
mod saga;
mod support;
mod switches;
mod tidy;
mod workers;
