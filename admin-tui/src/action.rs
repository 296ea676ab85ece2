//! All that can happen to the console.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use crate::line::Edit;
use crate::source::SourceError;
use crate::state::Place;
use crate::view::Target;

/// Something that happened: a key, an answer, time gone by.
#[derive(Debug, Clone)]
pub enum Action {
    /// The cursor moves by so many rows.
    Move(i32),
    /// The cursor moves by so many screens.
    Page(i32),
    /// To the first row.
    Top,
    /// To the last row that is loaded.
    Bottom,
    /// What the cursor is on is opened.
    Open,
    /// Out of whatever one is in.
    Back,
    /// The view before this one.
    Last,
    /// To the view with this number.
    Jump(char),
    /// To this.
    Go(Target),
    /// Words for a filter follow.
    StartFilter,
    /// A command follows.
    StartCommand,
    /// The help is shown.
    Help,
    /// Sorted by the next column.
    Sort,
    /// The order is turned round.
    Reverse,
    /// The row is marked, or no longer.
    Mark,
    /// No row is marked.
    Unmark,
    /// The next page of the list is read.
    More,
    /// Read again now.
    Refresh,
    /// Nothing is read by itself, or again.
    Freeze,
    /// The id goes to the clipboard.
    CopyId,
    /// The row goes to the clipboard as JSON.
    CopyJson,
    /// The command that shows the same goes to the clipboard.
    CopyCommand,
    /// The next theme.
    Theme,
    /// The act with this key, on what the cursor is on or what is marked.
    Act(char),
    /// A letter for the line that is being written.
    Type(char),
    /// Text from the clipboard for that line.
    Paste(String),
    /// The letter before the cursor of that line goes.
    Erase,
    /// The cursor of that line moves, or more than a letter goes.
    Edit(Edit),
    /// The line is completed, or the next field is next.
    Complete,
    /// The line, or the dialog, is done.
    Submit,
    /// The mouse was pressed here.
    Click {
        /// Column.
        x: u16,
        /// Row.
        y: u16,
    },
    /// The screen has this size now.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// It is this late.
    Tick(DateTime<Utc>),
    /// An answer to a read.
    Arrived(Reply),
    /// An answer to a change.
    Changed(ChangeReply),
    /// Whose token it is.
    Me(Result<wire::Me, SourceError>),
    /// How Holdfast stands, whatever is looked at.
    Pulse(Result<Box<wire::Overview>, SourceError>),
    /// Another system is looked at, or why not.
    Opened(Result<Place, String>),
    /// Something went to the clipboard, or did not.
    Copied(Result<String, String>),
    /// The end.
    Quit,
}

/// An answer to a read.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Of which question: an answer to an older one of the same pane is dropped.
    pub question: u64,
    /// Whether it continues the list.
    pub more: bool,
    /// When it came.
    pub at: DateTime<Utc>,
    /// What it says.
    pub answer: Result<Box<RawValue>, SourceError>,
}

/// An answer to a change.
#[derive(Debug, Clone)]
pub struct ChangeReply {
    /// Of which dialog.
    pub ticket: u64,
    /// What was to be done.
    pub act: &'static str,
    /// To what.
    pub id: String,
    /// Where its answer leads.
    pub leads_to: Option<&'static str>,
    /// What it says.
    pub answer: Result<Box<RawValue>, SourceError>,
}
