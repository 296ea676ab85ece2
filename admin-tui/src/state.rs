//! All that the console remembers. It changes in `update` and nowhere else; screens only read it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::line::Line;
use crate::source::Cost;
use crate::theme::ThemeName;
use crate::view::Target;

mod dialog;
mod order;
mod pane;
mod words;

pub use dialog::{Dialog, Field, Sending};
pub use pane::Pane;

/// A message stays this long, or until the next key when it is about trouble.
const TOAST_TIME: TimeDelta = TimeDelta::seconds(6);
/// So many panes are kept when they are left, and only those with no more rows than this: what
/// they showed is there at once when they are opened again.
const KEPT_MAX: usize = 16;
const KEPT_ROWS_MAX: usize = 1_000;
/// Commands that are remembered.
const HISTORY_MAX: usize = 100;

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
    /// What was left before, with what it showed.
    pub kept: Vec<Pane>,
    /// Where keys go.
    pub mode: Mode,
    /// A change that was sent and left before its answer came: what was written in it is offered
    /// again when it failed.
    pub sent: Option<Box<Dialog>>,
    /// Commands behind `:`, newest last.
    pub history: Vec<String>,
    /// Which of them is shown.
    pub history_at: Option<usize>,
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
    /// Whether Holdfast takes nothing new, as of the last answer.
    pub maintenance: bool,
    /// Names of the systems that one can switch to.
    pub contexts: Vec<String>,
    /// When it was last asked whose token it is.
    pub me_asked_at: Option<DateTime<Utc>>,
    /// When it was last asked how Holdfast stands.
    pub pulse_asked_at: Option<DateTime<Utc>>,
    /// What the console has cost.
    pub cost: Cost,
    /// Number of the last question, or of the last change.
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
    /// The words of a command line that lead there; never a token.
    pub words: Vec<String>,
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
    /// To the help.
    Help(Help),
    /// Into the words that the help is searched for.
    Search(Line),
}

/// The help.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Help {
    /// Scrolled by so many lines.
    pub offset: usize,
    /// Only lines with these words are shown.
    pub words: String,
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

impl State {
    /// A console that shows `target`. None when there is no such view.
    pub fn new(target: Target, place: Place, rights: Rights, now: DateTime<Utc>) -> Option<Self> {
        Some(Self {
            width: 80,
            height: 24,
            now,
            panes: vec![Pane::new(target)?],
            left: None,
            kept: Vec::new(),
            mode: Mode::default(),
            sent: None,
            history: Vec::new(),
            history_at: None,
            toasts: Vec::new(),
            theme: ThemeName::default(),
            frozen: false,
            rights,
            place,
            maintenance: false,
            contexts: Vec::new(),
            me_asked_at: None,
            pulse_asked_at: None,
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

    /// Puts a pane away.
    pub fn keep(&mut self, pane: Pane) {
        if pane.read_at.is_none() || pane.rows.len() > KEPT_ROWS_MAX {
            return;
        }
        self.kept.retain(|one| one.target != pane.target);
        if self.kept.len() >= KEPT_MAX {
            self.kept.remove(0);
        }
        self.kept.push(pane);
    }

    /// A pane of this, with what it showed when it was left. None when there is no such view.
    pub fn fetch(&mut self, target: Target) -> Option<Pane> {
        let Some(place) = self.kept.iter().position(|one| one.target == target) else {
            return Pane::new(target);
        };
        let mut pane = self.kept.remove(place);
        pane.marks.clear();
        pane.filter.clear();
        (pane.question, pane.asked_at) = (None, None);
        pane.arrange();
        Some(pane)
    }

    /// Remembers a command.
    pub fn remember(&mut self, command: &str) {
        self.history.retain(|one| one != command);
        if self.history.len() >= HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.push(command.to_owned());
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
