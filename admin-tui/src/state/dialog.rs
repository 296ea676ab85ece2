//! A change that is being decided.

use chrono::{DateTime, Utc};

use crate::act::Act;
use crate::document::Document;
use crate::line::Line;

/// A change that is being decided.
#[derive(Debug)]
pub struct Dialog {
    /// What is to be done.
    pub act: &'static Act,
    /// To what.
    pub ids: Vec<String>,
    /// What is to be filled in: the act's inputs, the reason, the word, and last what the facts
    /// fill in.
    pub fields: Vec<Field>,
    /// The field that is written in.
    pub at: usize,
    /// What would come of it, when it is known.
    pub facts: Option<Result<Document, String>>,
    /// The first line of it that is shown.
    pub scroll: usize,
    /// Why it cannot be done, as the facts say.
    pub refusal: Option<String>,
    /// The question for the facts.
    pub question: Option<u64>,
    /// The word that must be typed, when one must.
    pub word: Option<String>,
    /// What is missing.
    pub problem: Option<String>,
    /// It is under way.
    pub sending: Option<Sending>,
}

/// A change that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Its number, by which its answers are known.
    pub ticket: u64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Answers that are still to come.
    pub awaited: usize,
    /// Things that it was refused for, or not heard.
    pub failed: Vec<String>,
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
    /// Whether it takes only digits.
    pub number: bool,
    /// Whether the facts have filled it in: then it is shown, and not written in.
    pub fixed: bool,
}

impl Dialog {
    /// The field after this one that can be written in, going round; the same when there is no other.
    pub fn next(&self) -> usize {
        let count = self.fields.len();
        let later = (1..=count).map(|by| (self.at + by) % count);
        self.first_open(later).unwrap_or(self.at)
    }

    /// The one before, without going round.
    pub fn previous(&self) -> usize {
        self.first_open((0..self.at).rev()).unwrap_or(self.at)
    }

    /// Whether there is none behind this one.
    pub fn at_last(&self) -> bool {
        self.first_open(self.at + 1..self.fields.len()).is_none()
    }

    fn first_open(&self, mut places: impl Iterator<Item = usize>) -> Option<usize> {
        places.find(|&at| self.fields.get(at).is_some_and(|field| !field.fixed))
    }
}
