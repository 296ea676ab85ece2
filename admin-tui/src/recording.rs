//! Recordings: the answers of a live system in a file, to be looked at later and elsewhere.
//!
//! A recording follows the links that an operator would follow, some of each kind, so that
//! whoever opens it can walk from the overview to the last step of a saga. What clients and
//! operators have written is replaced (see [`Redactor`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::headless::ShowError;
use crate::source::{Source, SourceError};
use crate::update::Items;
use crate::view::{Body, Target, View, find};

mod redact;

pub use redact::Redactor;

/// Pages of one kind that are followed from pages and lists of one kind.
const EACH_MAX: usize = 12;
/// The first of each list, and of each page, is followed besides, so many steps from where one begins: whoever
/// opens one thing after the other comes to no end on the way.
const STEPS_MAX: usize = 9;
/// A server that is busy is asked again after this long, once.
const BUSY_WAIT: Duration = Duration::from_secs(2);
/// Pages of a recording: beyond it, it is no longer a file to be sent to somebody.
const ALL_MAX: usize = 600;
/// The recording that comes with the console: a stack under load, with failures made on purpose.
const DEMO: &str = include_str!("../demo.json");

/// Answers by path and query.
pub type Answers = BTreeMap<String, Box<RawValue>>;

/// A recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recording {
    /// Which console made it.
    pub version: String,
    /// Name of the context it was made of.
    pub place: String,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// The answers.
    pub answers: Answers,
}

/// Why a recording cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// It is not a recording.
    #[error("not a recording of holdfast-admin: {0}")]
    Parse(#[from] serde_json::Error),
}

impl Recording {
    /// The one that comes with the console.
    ///
    /// # Errors
    /// When it does not fit this version, which a test rules out.
    pub fn demo() -> Result<Self, OpenError> {
        Ok(serde_json::from_str(DEMO)?)
    }

    /// From a file.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &std::path::Path) -> Result<Self, OpenError> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }

    /// Reads a live system: every view that needs no id, and what they lead to. Without a redactor, what
    /// clients and operators wrote is kept.
    ///
    /// # Errors
    /// When the system is away. What it refuses, such as a page that has gone meanwhile, is left out.
    pub async fn make(
        source: &Source,
        place: &str,
        redactor: Option<&Redactor>,
    ) -> Result<Self, ShowError> {
        let redacted = |raw: Box<RawValue>| match redactor {
            Some(redactor) => redactor.redact(&raw),
            None => Ok(raw),
        };
        let mut walk = Walk::new();
        let mut answers = Answers::new();
        answers.insert(ME.to_owned(), redacted(source.get(ME).await?)?);
        // Without it the recording says no less but for a word at the top.
        if let Ok(pulse) = source.get(PULSE).await {
            answers.insert(PULSE.to_owned(), redacted(pulse)?);
        }
        while let Some((view, target, steps)) = walk.next() {
            let path = target.path(view);
            let mut answer = source.get(&path).await;
            // Busy at the moment: one page less would be missed by whoever opens the recording.
            if matches!(&answer, Err(SourceError::Problem(problem)) if problem.status >= 500) {
                tokio::time::sleep(BUSY_WAIT).await;
                answer = source.get(&path).await;
            }
            let raw = match answer {
                Ok(raw) => raw,
                Err(error @ SourceError::Away(..)) => return Err(error.into()),
                Err(_) => continue,
            };
            let raw = only_page(&raw, target != Target::of(view.name))?;
            walk.follow(view, &raw, steps)?;
            answers.insert(path, redacted(raw)?);
        }
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            place: place.to_owned(),
            recorded_at: source.now(),
            answers,
        })
    }
}

/// Whose token it was: asked for by the screen, shown by no view.
pub(crate) const ME: &str = "/admin/v1/me";
/// How Holdfast stands, in short: for the screen, whatever it shows.
pub(crate) const PULSE: &str = "/admin/v1/overview?points=1";

/// A list in a recording ends with its first page; one that belongs to something else with its last row
/// that is followed.
fn only_page(raw: &RawValue, belongs: bool) -> Result<Box<RawValue>, serde_json::Error> {
    let mut value: Value = serde_json::from_str(raw.get())?;
    if let Some(cursor) = value.get_mut("next_cursor") {
        *cursor = Value::Null;
        if let Some(Value::Array(items)) = value.get_mut("items").filter(|_| belongs) {
            items.truncate(EACH_MAX);
        }
    }
    serde_json::value::to_raw_value(&value)
}

/// What is still to be read, and what was.
struct Walk {
    /// With the steps from where one begins.
    queue: VecDeque<(Target, usize)>,
    seen: BTreeSet<String>,
    /// How many of a kind were followed from a kind.
    counts: BTreeMap<(&'static str, &'static str), usize>,
}

impl Walk {
    /// Begins with every view that needs no id.
    fn new() -> Self {
        let mut walk =
            Self { queue: VecDeque::new(), seen: BTreeSet::new(), counts: BTreeMap::new() };
        for view in crate::views::ALL.iter().filter(|view| !view.path.contains("{id}")) {
            walk.seen.insert(Target::of(view.name).path(view));
            walk.queue.push_back((Target::of(view.name), 0));
        }
        walk
    }

    /// Notes what something of this kind leads to. The first is followed always, others until
    /// there are enough of them.
    fn add(&mut self, from: &'static str, target: Target, first: bool, steps: usize) {
        let count = self.counts.entry((from, target.view)).or_default();
        let enough = *count >= EACH_MAX && !(first && steps <= STEPS_MAX);
        let Some(view) = find(target.view).filter(|_| !enough) else { return };
        if self.seen.len() < ALL_MAX && self.seen.insert(target.path(view)) {
            *count += 1;
            self.queue.push_back((target, steps));
        }
    }

    fn next(&mut self) -> Option<(&'static View, Target, usize)> {
        let (target, steps) = self.queue.pop_front()?;
        Some((find(target.view)?, target, steps))
    }

    /// Notes what an answer leads to: where `Enter` goes, and what an act would show first.
    fn follow(
        &mut self,
        view: &'static View,
        raw: &RawValue,
        steps: usize,
    ) -> Result<(), serde_json::Error> {
        match &view.body {
            Body::List { read, opens, .. } => {
                for (at, item) in Items::read(raw)?.items.iter().enumerate().take(EACH_MAX) {
                    let row = read(item)?;
                    let facts = view.acts.iter().filter_map(|act| act.facts(&row.id));
                    let opened = opens.and_then(|opens| opens(&row));
                    for target in opened.into_iter().chain(facts.map(|(_, target)| target)) {
                        self.add(view.name, target, at == 0, steps + 1);
                    }
                }
            }
            Body::Page { read, .. } => {
                for (at, target) in read(raw)?.links().into_iter().enumerate() {
                    self.add(view.name, target.clone(), at == 0, steps + 1);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_can_read_its_part_of_the_demo() {
        let demo = Recording::demo().unwrap();
        for view in crate::views::ALL.iter().filter(|view| !view.path.contains("{id}")) {
            let path = Target::of(view.name).path(view);
            let raw = demo.answers.get(&path).unwrap_or_else(|| panic!("{path} is missing"));
            Walk::new().follow(view, raw, 0).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}
