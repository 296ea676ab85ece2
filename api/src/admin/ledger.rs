use axum::Json;
use axum::extract::State;
use store::ledger::{LedgerReport as Found, Mode};
use wire::{LedgerReport, LedgerTotal, LedgerViolation};

use super::operator::Viewer;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::App;

/// `GET /admin/v1/ledger/check?mode=quick|full`; quick when it does not say. Who asks for quick ones at about
/// the same time gets the same.
pub(crate) async fn check(
    State(app): State<App>,
    _: Viewer,
    mut params: Params,
) -> Result<Json<LedgerReport>, ApiError> {
    let mode = params.read("mode", "must be quick or full", |text| match text {
        "quick" => Some(Mode::Quick),
        "full" => Some(Mode::Full),
        _ => None,
    });
    params.finish()?;
    let report = app.ledger_checks.check(mode.unwrap_or(Mode::Quick)).await?;
    Ok(Json(view(report)))
}

fn view(found: Found) -> LedgerReport {
    let mode = match found.mode {
        Mode::Quick => "quick",
        Mode::Full => "full",
        Mode::Archive => "archive",
    };
    let total = |one: store::ledger::CurrencyTotal| LedgerTotal {
        currency: one.currency,
        wallet_count: one.wallet_count,
        debits_posted: one.debits_posted,
        credits_posted: one.credits_posted,
        held: one.held,
    };
    let violation = |one: store::ledger::Violation| LedgerViolation {
        rule: one.rule.to_owned(),
        id: one.id,
        detail: one.detail,
    };
    LedgerReport {
        mode: mode.to_owned(),
        checked_at: found.checked_at,
        ok: found.ok,
        totals: found.totals.into_iter().map(total).collect(),
        rules: found.rules.into_iter().map(str::to_owned).collect(),
        violations: found.violations.into_iter().map(violation).collect(),
    }
}
