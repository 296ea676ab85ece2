//! What a transfer has beyond a plain one, out of the fields of a body.

use chrono::{TimeDelta, Utc};
use domain::terms::{HoldTerms, Terms};
use domain::transfer::TransferKind;
use wire::limits::{HOLD_SECONDS_DEFAULT, HOLD_SECONDS_MAX};
use wire::{Capture, ProblemCode};

use crate::check::Checks;
use crate::state::App;

/// How long a hold is to stay; none when the saga captures it itself.
#[derive(Debug)]
pub(super) struct Hold(Option<u32>);

impl Hold {
    pub(super) fn terms(&self) -> Terms {
        let hold = self.0.map(|seconds| HoldTerms {
            expires_at: Utc::now() + TimeDelta::seconds(seconds.into()),
            captured_minor: None,
        });
        Terms { hold, ..Terms::default() }
    }

    /// What must be the same when the key comes again. Not the instant, which is another one then.
    pub(super) fn asked(&self) -> String {
        self.0.map(|seconds| format!("hold {seconds}")).unwrap_or_default()
    }
}

/// Reads who captures, and when the hold ends.
pub(super) fn hold(checks: &mut Checks, capture: Option<Capture>, seconds: Option<u32>) -> Hold {
    if capture != Some(Capture::Manual) {
        if seconds.is_some() {
            let detail = "is only for transfers with capture \"manual\"";
            checks.wrong(ProblemCode::InvalidBody, "hold_seconds", detail);
        }
        return Hold(None);
    }
    let seconds = seconds.unwrap_or(HOLD_SECONDS_DEFAULT);
    if !(1..=HOLD_SECONDS_MAX).contains(&seconds) {
        let detail = format!("must be 1 to {HOLD_SECONDS_MAX}");
        checks.wrong(ProblemCode::InvalidBody, "hold_seconds", detail);
    }
    Hold(Some(seconds))
}

impl App {
    /// The terms of a new transfer of this kind: what the client asked for, and whether a
    /// screening service is asked. None for a plain one.
    pub(super) fn terms_of(&self, kind: TransferKind, terms: Terms) -> Option<Box<Terms>> {
        let terms = Terms { screen_outside: self.screened_outside.contains(&kind), ..terms };
        (terms != Terms::default()).then(|| Box::new(terms))
    }
}
