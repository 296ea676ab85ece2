//! Switches that operators turn: one audited table, which every process reads twice a second.
//!
//! What was read stands in memory, so that hot paths may ask at every turn. While the
//! database is away, what was last known goes on to hold.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::TransferId;
use domain::switch::{Switch, SwitchSet};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, PgPool, Row};
use tokio::sync::{Notify, watch};

use crate::operator_audit::{self, Act};
use crate::operators::Operator;
use crate::pool::{Locate, Purpose, Single};
use crate::{StoreError, describe, jobs};

/// Between two looks at the table.
const EVERY: Duration = Duration::from_millis(500);
/// A look that takes longer has lost its connection.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// Most transfers that one pass lets go, of each switch: a second's work.
const RELEASE_ROWS_MAX: i64 = 5_000;

/// How the switches stand, as this process knows it; clones share what they know.
#[derive(Debug, Clone)]
pub struct Switches {
    known: watch::Receiver<SwitchSet>,
    wanted: Arc<Notify>,
}

/// Every switch at its default, for ever.
impl Default for Switches {
    fn default() -> Self {
        let (_, known) = watch::channel(SwitchSet::default());
        Self { known, wanted: Arc::default() }
    }
}

impl Switches {
    /// Reads the switches, then goes on reading them in the background, on a connection of
    /// its own, until the last clone is dropped. A database that is away does not fail the
    /// start: the defaults hold until it answers.
    pub async fn start(database: &(impl Locate + ?Sized)) -> Result<Self, StoreError> {
        let mut connection = Single::new(database, Purpose::Reads)?;
        let (sender, known) = watch::channel(SwitchSet::default());
        let wanted = Arc::new(Notify::new());
        let asked = wanted.clone();
        let mut well = look(&mut connection, &sender, true).await;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    () = asked.notified() => {}
                    () = sender.closed() => return,
                }
                well = look(&mut connection, &sender, well).await;
            }
        });
        Ok(Self { known, wanted })
    }

    /// All of them at this moment.
    pub fn now(&self) -> SwitchSet {
        *self.known.borrow()
    }

    /// Whether the switch is on.
    pub fn is_on(&self, switch: Switch) -> bool {
        self.now().is_on(switch)
    }

    /// Returns once the switch is known to be so.
    pub async fn until(&self, switch: Switch, on: bool) {
        let mut known = self.known.clone();
        if known.wait_for(|set| set.is_on(switch) == on).await.is_err() {
            // Nobody reads the table any more, so it stays as it is.
            std::future::pending::<()>().await;
        }
    }

    /// Asks for a look at the table now: this process has just changed it.
    pub fn look(&self) {
        self.wanted.notify_one();
    }
}

/// Reads the table once, and says so when it begins to fail. Returns whether it went well.
async fn look(connection: &mut Single, known: &watch::Sender<SwitchSet>, was_well: bool) -> bool {
    let trouble = match tokio::time::timeout(LOOK_MAX, read(connection)).await {
        Ok(Ok(set)) => {
            known.send_if_modified(|known| std::mem::replace(known, set) != set);
            return true;
        }
        Ok(Err(error)) => describe(&error),
        Err(_) => "no answer in time".to_owned(),
    };
    if was_well {
        tracing::warn!(error = trouble, "the switches cannot be read; they stay as they are");
    }
    false
}

/// The connection is kept only when it has given an answer.
async fn read(connection: &mut Single) -> Result<SwitchSet, StoreError> {
    let mut taken = connection.take().await?;
    let rows = sqlx::query(r#"SELECT kind, subject, "on" FROM switch"#).fetch_all(&mut taken).await;
    let rows = rows?;
    connection.keep(taken);
    let mut set = SwitchSet::default();
    for row in &rows {
        // One that this version does not know was made by a newer one, and obeyed there.
        if let Some(switch) = known(row)? {
            set = set.with(switch, row.try_get("on")?);
        }
    }
    Ok(set)
}

fn known(row: &PgRow) -> Result<Option<Switch>, StoreError> {
    Ok(Switch::find(row.try_get("kind")?, row.try_get("subject")?).ok())
}

/// A switch with its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub switch: Switch,
    /// How it stands.
    pub on: bool,
    /// Who turned it last, when and why; none when nobody ever did.
    pub change: Option<Change>,
}

/// The last turn of a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Setting {
    fn untouched(switch: Switch) -> Self {
        Self { switch, on: switch.on_by_default(), change: None }
    }

    fn read(switch: Switch, row: &PgRow) -> Result<Self, StoreError> {
        let change = Change {
            reason: row.try_get("reason")?,
            by: row.try_get("changed_by")?,
            at: row.try_get("changed_at")?,
        };
        Ok(Self { switch, on: row.try_get("on")?, change: Some(change) })
    }
}

/// Every switch, as the table has it now.
pub async fn list(pool: &PgPool) -> Result<Vec<Setting>, StoreError> {
    let rows = sqlx::query("SELECT * FROM switch").fetch_all(pool).await?;
    let mut settings: Vec<Setting> = Switch::all().map(Setting::untouched).collect();
    for row in &rows {
        let Some(switch) = known(row)? else { continue };
        if let Some(setting) = settings.iter_mut().find(|one| one.switch == switch) {
            *setting = Setting::read(switch, row)?;
        }
    }
    Ok(settings)
}

/// Turns a switch. One that stands so already keeps its last change, and nothing is
/// written, so that the same request can be sent again.
pub async fn set(
    pool: &PgPool,
    actor: &Operator,
    switch: Switch,
    on: bool,
    reason: &str,
) -> Result<Setting, StoreError> {
    let mut tx = pool.begin().await?;
    // A row may not be there yet, so the table is locked. Only operators write it; readers
    // are not held up.
    sqlx::query("LOCK TABLE switch IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
    let row = sqlx::query("SELECT * FROM switch WHERE kind = $1 AND subject = $2")
        .bind(switch.kind().as_str())
        .bind(switch.subject())
        .fetch_optional(&mut *tx)
        .await?;
    let before = match &row {
        Some(row) => Setting::read(switch, row)?,
        None => Setting::untouched(switch),
    };
    if before.on == on {
        tx.rollback().await?;
        return Ok(before);
    }
    let row = sqlx::query(include_str!("switches/set.sql"))
        .bind(switch.kind().as_str())
        .bind(switch.subject())
        .bind(on)
        .bind(reason)
        .bind(&actor.name)
        .fetch_one(&mut *tx)
        .await?;
    let act = Act {
        actor,
        action: if on { "switch.on" } else { "switch.off" },
        subject: format!("switch:{switch}"),
        reason,
        before: json!({"on": before.on}),
        after: json!({"on": on}),
    };
    operator_audit::record_in_tx(&mut tx, &act).await?;
    tx.commit().await?;
    Setting::read(switch, &row)
}

/// Lets go of transfers that wait for a switch which is not on any more: they are due, and
/// have a new job. Returns how many. So a lane that knew of a pause too long strands nobody.
pub async fn release(connection: &mut PgConnection) -> Result<usize, StoreError> {
    let mut tx = connection.begin().await?;
    let rows = sqlx::query(include_str!("switches/release.sql"))
        .bind(RELEASE_ROWS_MAX)
        .fetch_all(&mut *tx)
        .await?;
    let due: Vec<(TransferId, DateTime<Utc>)> = rows
        .iter()
        .map(|row| Ok((TransferId(row.try_get(0)?), row.try_get(1)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    if !due.is_empty() {
        jobs::enqueue_in_tx(&mut tx, &due).await?;
    }
    tx.commit().await?;
    Ok(due.len())
}
