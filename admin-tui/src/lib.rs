//! The operators' console: what there is to see, what can be done, and the screen for both.
//!
//! ```text
//! view, act      what can be looked at and done, as data
//! source         the operator API, or a recording of it (recording)
//! input, keymap  keys        -> action
//! update         action      -> state, effects      the one place where state changes
//! draw           state       -> screen
//! run            the loop that joins them
//! program        the command line, carried out
//! cli, headless  the same views and acts for scripts; redrive does a whole cause
//! stake          what a change would do, told before it is asked for
//! ```

pub mod act;
pub mod action;
pub mod cell;
pub mod cli;
pub mod config;
pub mod credential;
pub mod document;
pub mod draw;
pub mod effect;
pub mod headless;
pub mod input;
pub mod keymap;
pub mod line;
pub mod login;
pub mod manual;
pub mod out;
pub mod program;
pub mod recording;
pub mod redrive;
pub mod run;
pub mod signals;
pub mod source;
pub mod stake;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod views;
pub mod yaml;
