//! All that the console remembers. It changes in `update` and nowhere else; screens only read it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::act::Act;
use crate::document::Document;
use crate::line::Line;
use crate::source::Cost;
use crate::theme::ThemeName;
use crate::view::{Body, Row, Target, View, find};

/// A message stays this long, or until the next key when it is about trouble.
const TOAST_TIME: TimeDelta = TimeDelta::seconds(6);

/// All that the console remembers.
#[derive(Debug)]
pub struct State {
    /// Columns of the screen.
    pub width: u16,
    /// Rows of the screen.
    pub height: u16,
    /// The time, as of the last tick.
    pub now: DateTime<Utc>,
    /// What was opened, one from the other; the last is shown. Never empty.
    pub panes: Vec<Pane>,
    /// What was left last.
    pub left: Option<Target>,
    /// Where keys go.
    pub mode: Mode,
    /// The change that was sent last: it comes back when it failed, so that nothing written is lost.
    pub sent: Option<Box<Dialog>>,
    /// Messages, newest last.
    pub toasts: Vec<Toast>,
    /// Colours.
    pub theme: ThemeName,
    /// Nothing is read by itself.
    pub frozen: bool,
    /// What may be done here.
    pub rights: Rights,
    /// Where this is.
    pub place: Place,
    /// When it was last asked whose token it is.
    pub me_asked_at: Option<DateTime<Utc>>,
    /// What the console has cost.
    pub cost: Cost,
    /// Number of the last question.
    pub asked: u64,
    /// It is over.
    pub done: bool,
}

/// What may be done.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// Whether it was started with `--allow-changes`.
    pub changes: bool,
    /// Whether it shows a recording.
    pub recorded: bool,
    /// Whose token it is; none before the first answer.
    pub me: Option<wire::Me>,
}

/// The system that is looked at.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Name of the context.
    pub name: String,
    /// Address of the operator API.
    pub address: String,
    /// Whether it is the real thing, which the screen says in colour.
    pub production: bool,
}

/// Where keys go.
#[derive(Debug, Default)]
pub enum Mode {
    /// To the list or the page.
    #[default]
    Browse,
    /// Into a filter.
    Filter(Line),
    /// Into a command.
    Command(Line),
    /// Into a dialog.
    Dialog(Box<Dialog>),
    /// To the help, scrolled by so many lines.
    Help(usize),
}

/// A message.
#[derive(Debug, Clone)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// Whether it is about trouble: then it stays until a key is pressed.
    pub trouble: bool,
    /// When it goes.
    pub until: DateTime<Utc>,
}

/// One list or page.
#[derive(Debug)]
pub struct Pane {
    /// Of what.
    pub target: Target,
    /// How it is read.
    pub view: &'static View,
    /// Rows of a list, as they came.
    pub rows: Vec<Row>,
    /// Positions in `rows` of what is shown, in the order in which it is shown.
    pub shown: Vec<usize>,
    /// Content of a page.
    pub document: Option<Document>,
    /// Lines of the page, as last drawn into this width. How far a page can be scrolled.
    pub cursor: usize,
    /// First row that is on the screen.
    pub offset: usize,
    /// Ids of marked rows.
    pub marks: BTreeSet<String>,
    /// Sorted by this column, and whether the other way round.
    pub sort: Option<(usize, bool)>,
    /// Only rows with these words are shown.
    pub filter: String,
    /// Where the list goes on.
    pub next: Option<String>,
    /// Whether more than the first page is loaded.
    pub grown: bool,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
    /// When it was last asked for.
    pub asked_at: Option<DateTime<Utc>>,
    /// The question under way.
    pub question: Option<u64>,
    /// Why the last question had no answer.
    pub trouble: Option<String>,
}

/// A change that is being decided.
#[derive(Debug)]
pub struct Dialog {
    /// What is to be done.
    pub act: &'static Act,
    /// To what.
    pub ids: Vec<String>,
    /// What is to be filled in: the act's inputs, the reason, the word.
    pub fields: Vec<Field>,
    /// The field that is written in.
    pub at: usize,
    /// What would come of it, when it is known.
    pub facts: Option<Result<Document, String>>,
    /// The question for that.
    pub question: Option<u64>,
    /// The word that must be typed, when one must.
    pub word: Option<String>,
    /// What is missing.
    pub problem: Option<String>,
}

/// A line of a dialog.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it means.
    pub about: String,
    /// What is in it.
    pub line: Line,
}

impl State {
    /// A console that shows `target`. None when there is no such view.
    pub fn new(target: Target, place: Place, rights: Rights, now: DateTime<Utc>) -> Option<Self> {
        Some(Self {
            width: 80,
            height: 24,
            now,
            panes: vec![Pane::new(target)?],
            left: None,
            mode: Mode::default(),
            sent: None,
            toasts: Vec::new(),
            theme: ThemeName::default(),
            frozen: false,
            rights,
            place,
            me_asked_at: None,
            cost: Cost::default(),
            asked: 0,
            done: false,
        })
    }

    /// What is shown. Panes are never empty; the first view stands in where they would be.
    pub fn pane(&self) -> Option<&Pane> {
        self.panes.last()
    }

    /// Says something for a while.
    pub fn say(&mut self, text: impl Into<String>) {
        let (text, until) = (text.into(), self.now + TOAST_TIME);
        self.toasts.push(Toast { text, trouble: false, until });
    }

    /// Says something that must not be overlooked.
    pub fn complain(&mut self, text: impl Into<String>) {
        let (text, until) = (text.into(), self.now + TOAST_TIME);
        self.toasts.retain(|toast| toast.text != text);
        self.toasts.push(Toast { text, trouble: true, until });
    }

    /// Rows that a list has room for: the screen without header, crumbs, headings and footer.
    pub fn room(&self) -> usize {
        usize::from(self.height).saturating_sub(6).max(1)
    }

    /// Why nothing may be changed here; none when something may.
    pub fn locked(&self) -> Option<&'static str> {
        if self.rights.recorded {
            return Some("this is a recording; nothing can be changed");
        }
        if !self.rights.changes {
            return Some("read-only: start with --allow-changes to change something");
        }
        let viewer = self.rights.me.as_ref().is_some_and(|me| me.role.to_string() == "viewer");
        viewer.then_some("this token is a viewer's; the server would answer 403")
    }
}

impl Pane {
    /// An empty pane. None when there is no such view.
    pub fn new(target: Target) -> Option<Self> {
        let view = find(target.view)?;
        Some(Self {
            target,
            view,
            rows: Vec::new(),
            shown: Vec::new(),
            document: None,
            cursor: 0,
            offset: 0,
            marks: BTreeSet::new(),
            sort: None,
            filter: String::new(),
            next: None,
            grown: false,
            read_at: None,
            asked_at: None,
            question: None,
            trouble: None,
        })
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.view.body, Body::List { .. })
    }

    /// The row that the cursor is on.
    pub fn row(&self) -> Option<&Row> {
        self.shown.get(self.cursor).and_then(|&at| self.rows.get(at))
    }

    /// Places of the cursor: rows of a list, links of a page.
    pub fn stops(&self) -> usize {
        match &self.document {
            Some(document) => document.links().len(),
            None => self.shown.len(),
        }
    }

    /// Where `Enter` leads.
    pub fn link(&self) -> Option<Target> {
        match &self.view.body {
            Body::List { opens, .. } => opens.and_then(|opens| self.row().and_then(opens)),
            Body::Page { .. } => self
                .document
                .as_ref()
                .and_then(|page| page.links().get(self.cursor).copied().cloned()),
        }
    }

    /// What an act would be done to: the marked rows, else the row under the cursor, else
    /// the thing that the page is about.
    pub fn subjects(&self) -> Vec<String> {
        if !self.marks.is_empty() {
            return self.marks.iter().cloned().collect();
        }
        match &self.view.body {
            Body::List { .. } => self.row().map(|row| row.id.clone()).into_iter().collect(),
            Body::Page { .. } => self.target.id.clone().into_iter().collect(),
        }
    }

    /// Works out again what is shown, and keeps the cursor on its row.
    pub fn arrange(&mut self) {
        let kept = self.row().map(|row| row.id.clone());
        let words = Words::new(&self.filter);
        let rows = &self.rows;
        self.shown = (0..rows.len())
            .filter(|&at| words.is_empty() || rows.get(at).is_some_and(|row| words.match_row(row)))
            .collect();
        if let Some((column, reversed)) = self.sort {
            let cell = |at: &usize| rows.get(*at).and_then(|row| row.cells.get(column));
            self.shown.sort_by(|one, two| {
                let order = match (cell(one), cell(two)) {
                    (Some(one), Some(two)) => one.compare(two),
                    _ => std::cmp::Ordering::Equal,
                };
                if reversed { order.reverse() } else { order }
            });
        }
        let is_kept = |at: &usize| rows.get(*at).map(|row| &row.id) == kept.as_ref();
        if let Some(place) = kept.as_ref().and_then(|_| self.shown.iter().position(is_kept)) {
            self.cursor = place;
        }
        self.cursor = self.cursor.min(self.stops().saturating_sub(1));
    }
}

/// The words of a filter: all must be there, and none of those behind `!`.
struct Words {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Words {
    fn new(filter: &str) -> Self {
        let lower = filter.to_lowercase();
        let (unwanted, wanted): (Vec<&str>, Vec<&str>) =
            lower.split_whitespace().partition(|word| word.starts_with('!'));
        Self {
            wanted: wanted.into_iter().map(str::to_owned).collect(),
            unwanted: unwanted
                .into_iter()
                .map(|word| word.trim_start_matches('!').to_owned())
                .filter(|word| !word.is_empty())
                .collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    fn match_row(&self, row: &Row) -> bool {
        self.wanted.iter().all(|word| row.words.contains(word.as_str()))
            && !self.unwanted.iter().any(|word| row.words.contains(word.as_str()))
    }
}
