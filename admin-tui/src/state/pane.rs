//! One list or page that was opened.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use unicode_width::UnicodeWidthStr;

use crate::act::Act;
use crate::cell::Cell;
use crate::document::Document;
use crate::view::{Body, Row, Target, View, find};

/// With more marked rows, all acts are offered without a look at each row.
const OFFERED_MARKS_MAX: usize = 16;

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
    /// Width of the widest cell of each column of a list.
    pub widest: Vec<usize>,
    /// In which columns of a list numbers or times stand.
    pub counted: Vec<bool>,
    /// Content of a page.
    pub document: Option<Document>,
    /// A page as it came.
    pub json: Option<Box<RawValue>>,
    /// The row that the cursor is on, counted among those shown; of a page, the link.
    pub cursor: usize,
    /// First row that is on the screen; of a page, the first line.
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

impl Pane {
    /// An empty pane. None when there is no such view.
    pub fn new(target: Target) -> Option<Self> {
        let view = find(target.view)?;
        Some(Self {
            target,
            view,
            rows: Vec::new(),
            shown: Vec::new(),
            widest: Vec::new(),
            counted: Vec::new(),
            document: None,
            json: None,
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

    /// The rows that an act would be done to.
    pub fn concerned(&self) -> Vec<&Row> {
        if self.marks.is_empty() {
            return self.row().into_iter().collect();
        }
        self.rows.iter().filter(|row| self.marks.contains(&row.id)).collect()
    }

    /// Why an act cannot be done to what it would be done to; none when it can, or when that is
    /// not known.
    pub fn refusal(&self, act: &Act) -> Option<String> {
        let known = self.known();
        let refused: Vec<String> = known.iter().filter_map(act.refusal).collect();
        let first = refused.first()?;
        Some(match known.len() {
            1 => first.clone(),
            many => format!("{} of {many} marked: {first}", refused.len()),
        })
    }

    /// What can be done here and now. Asked for each picture, so what is concerned is read once
    /// for all acts, and only while it is little; an act that is begun looks at all of it.
    pub fn offered(&self) -> impl Iterator<Item = &'static Act> {
        let little = !self.view.acts.is_empty() && self.marks.len() <= OFFERED_MARKS_MAX;
        let known = if little { self.known() } else { Vec::new() };
        let fits = move |act: &&Act| !known.iter().any(|value| (act.refusal)(value).is_some());
        self.view.acts.iter().copied().filter(fits)
    }

    /// What is known of what an act would be done to.
    fn known(&self) -> Vec<Value> {
        let raw: Vec<&RawValue> = match &self.view.body {
            Body::List { .. } => self.concerned().into_iter().map(|row| &*row.json).collect(),
            Body::Page { .. } => self.json.as_deref().into_iter().collect(),
        };
        raw.into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
    }

    /// Notes how wide the rows from this one on are, and where they have numbers.
    pub fn measure(&mut self, from: usize, now: DateTime<Utc>) {
        let Body::List { columns, .. } = &self.view.body else {
            return;
        };
        if from == 0 {
            self.widest = vec![0; columns.len()];
            self.counted = vec![false; columns.len()];
        }
        for row in self.rows.iter().skip(from) {
            let places = self.widest.iter_mut().zip(&mut self.counted);
            for ((widest, counted), cell) in places.zip(&row.cells) {
                *widest = (*widest).max(cell.show(now).width());
                *counted |= cell.is_number() || matches!(cell, Cell::At(_));
            }
        }
    }

    /// Whether numbers or times stand in a column: what is highest is then looked for first.
    pub fn is_counted(&self, column: usize) -> bool {
        self.counted.get(column) == Some(&true)
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
            self.shown.sort_by(|one, two| match (cell(one), cell(two)) {
                // What is not there comes last, whichever way.
                (Some(Cell::None), _) | (_, Some(Cell::None)) if reversed => {
                    let is_none = |at: &usize| matches!(cell(at), Some(Cell::None));
                    is_none(one).cmp(&is_none(two))
                }
                (Some(one), Some(two)) if reversed => two.compare(one),
                (Some(one), Some(two)) => one.compare(two),
                _ => Ordering::Equal,
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
