//! A whole cause at once, for scripts: makes a redrive plan, shows its forecast, and, unless it is a
//! dry run, applies it and follows it to its receipt.

use std::time::Duration;

use serde_json::{Map, Value, json};
use wire::Plan;

use crate::act::Method;
use crate::headless::{self, Output, ShowError};
use crate::source::Source;
use crate::view::{Target, find};

/// How often a plan under way is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// `redrive` or `compensate`.
    pub way: &'static str,
    /// The cause.
    pub fingerprint: String,
    /// Only dead letters of this currency.
    pub currency: Option<String>,
    /// Why, for the audit.
    pub reason: String,
    /// How many are sent first, how many a second after that, and the share that may fail, as numbers.
    pub pace: Vec<(&'static str, u64)>,
    /// Only make the plan and show its forecast.
    pub dry_run: bool,
    /// How the plan is written.
    pub output: Output,
}

/// Carries it out. `tell` is given lines about the progress. Returns the plan as text, and
/// whether everything went as it should: a plan that halted, was stopped, or left dead letters did not.
///
/// # Errors
/// See [`ShowError`].
pub async fn redrive(
    source: &Source,
    wish: &Wish,
    tell: impl Fn(String) + Send + Sync,
) -> Result<(String, bool), ShowError> {
    let mut filter = Map::new();
    filter.insert("fingerprint".to_owned(), json!(wish.fingerprint));
    if let Some(currency) = &wish.currency {
        filter.insert("currency".to_owned(), json!(currency));
    }
    let body = json!({"way": wish.way, "filter": filter});
    let plan = read(&source.change(Method::Post, "/admin/v1/redrive-plans", &body).await?)?;
    if wish.dry_run {
        tell(format!(
            "nothing was sent; to send it: holdfast-admin plan apply {} --hash {} --reason ...",
            plan.id, plan.hash
        ));
        return Ok((show(source, &plan, wish.output).await?, true));
    }
    tell(format!("plan {}: {} items", plan.id, plan.item_count));
    let mut body = json!({"hash": plan.hash, "reason": wish.reason});
    if let Some(fields) = body.as_object_mut() {
        fields.extend(wish.pace.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    }
    let path = format!("/admin/v1/redrive-plans/{}", plan.id);
    source.change(Method::Post, &format!("{path}/apply"), &body).await?;
    let plan = follow(source, &path, &tell).await?;
    let good = plan.status.to_string() == "done"
        && !plan.receipt.iter().flatten().any(|line| line.status.to_string() == "dead_again");
    Ok((show(source, &plan, wish.output).await?, good))
}

/// Waits until the plan is at its end, or has halted.
async fn follow(
    source: &Source,
    path: &str,
    tell: &(impl Fn(String) + Send + Sync),
) -> Result<Plan, ShowError> {
    let mut told = None;
    loop {
        let plan = read(&source.get(path).await?)?;
        let now = (plan.dispatched_count, plan.ended_count);
        if told.replace(now) != Some(now) {
            tell(format!("{} sent, {} ended, of {}", now.0, now.1, plan.item_count));
        }
        if !matches!(plan.status.to_string().as_str(), "draft" | "running" | "paused") {
            return Ok(plan);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn read(raw: &serde_json::value::RawValue) -> Result<Plan, serde_json::Error> {
    serde_json::from_str(raw.get())
}

async fn show(source: &Source, plan: &Plan, output: Output) -> Result<String, ShowError> {
    match find("plan") {
        Some(view) => headless::show(source, view, &Target::one("plan", plan.id), output, 1).await,
        None => headless::value(&Value::Null, output),
    }
}
