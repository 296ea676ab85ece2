//! One list or page that was opened.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use unicode_width::UnicodeWidthStr;

use crate::cell::Cell;
use crate::document::Document;
use crate::state::order::Column;
use crate::state::words::Words;
use crate::view::{Body, Row, Target, View, find};

mod concerned;

/// One list or page.
#[derive(Debug)]
pub struct Pane {
    /// Of what.
    pub target: Target,
    /// How it is read.
    pub view: &'static View,
    /// Rows of a list, as they came; new ones come by [`Pane::take`].
    pub rows: Vec<Row>,
    /// Positions in `rows` of what is shown, in the order in which it is shown.
    pub shown: Vec<usize>,
    /// Width of the widest cell of each column of a list.
    pub widest: Vec<usize>,
    /// In which columns of a list numbers or times stand.
    pub counted: Vec<bool>,
    /// What the filter is looked for in.
    words: Words,
    /// What the columns of a list are sorted by.
    columns: Vec<Column>,
    /// Content of a page.
    pub document: Option<Document>,
    /// A page as it came.
    pub json: Option<Box<RawValue>>,
    /// The row that the cursor is on, counted among those shown; of a page, the link.
    pub cursor: usize,
    /// First row that is on the screen; of a page, the first line.
    pub offset: usize,
    /// Ids of marked rows, and where each is in `rows`; none when it is there no more.
    pub marks: BTreeMap<String, Option<usize>>,
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
            words: Words::default(),
            columns: Vec::new(),
            document: None,
            json: None,
            cursor: 0,
            offset: 0,
            marks: BTreeMap::new(),
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

    /// Takes rows in that were read: all anew, or some more.
    pub fn take(&mut self, rows: Vec<Row>, more: bool, now: DateTime<Utc>) {
        let known = if more { self.rows.len() } else { 0 };
        let kept = self.shown.get(self.cursor).copied();
        let kept_id = self.row().map(|row| row.id.clone());
        self.rows.truncate(known);
        self.rows.extend(rows);
        self.note(known, now);
        // What is read anew may stand elsewhere.
        let is_kept = |row: &Row| Some(&row.id) == kept_id.as_ref();
        let stayed = kept.filter(|&at| self.rows.get(at).is_some_and(is_kept));
        let kept = stayed.or_else(|| self.rows.iter().position(is_kept));
        self.place_marks();
        self.arrange_around(kept);
    }

    /// Notes what is asked of the rows from this one on with each key.
    fn note(&mut self, from: usize, now: DateTime<Utc>) {
        let Body::List { columns, .. } = &self.view.body else {
            return;
        };
        if from == 0 {
            self.widest = vec![0; columns.len()];
            self.counted = vec![false; columns.len()];
        }
        self.words.truncate(from);
        for row in self.rows.iter().skip(from) {
            let mut words = vec![row.id.clone()];
            let places = self.widest.iter_mut().zip(&mut self.counted);
            for ((widest, counted), cell) in places.zip(&row.cells) {
                let text = cell.show(now);
                *widest = (*widest).max(text.width());
                *counted |= cell.is_number() || matches!(cell, Cell::At(_));
                // What changes by the second is nothing to look for, and an id is there already.
                if !matches!(cell, Cell::Age(_)) && text != row.id {
                    words.push(text);
                }
            }
            self.words.push(words.iter().map(String::as_str));
        }
        self.columns.resize_with(columns.len(), Column::default);
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.take(&self.rows, at, from);
        }
    }

    /// Whether numbers or times stand in a column: what is highest is then looked for first.
    pub fn is_counted(&self, column: usize) -> bool {
        self.counted.get(column) == Some(&true)
    }

    /// Works out again what is shown, and keeps the cursor on its row.
    pub fn arrange(&mut self) {
        self.arrange_around(self.shown.get(self.cursor).copied());
    }

    /// The same, with the cursor on the row with this number, if it is shown.
    fn arrange_around(&mut self, kept: Option<usize>) {
        let order = |(at, reversed): (usize, bool)| {
            self.columns.get_mut(at).map(|column| column.order(&self.rows, at, reversed))
        };
        let order = self.sort.and_then(order);
        self.shown = order.unwrap_or_else(|| (0..self.rows.len()).collect());
        if let Some(fits) = self.words.fit(&self.filter) {
            self.shown.retain(|&at| fits.get(at) == Some(&true));
        }
        if let Some(place) = kept.and_then(|kept| self.shown.iter().position(|&at| at == kept)) {
            self.cursor = place;
        }
        self.cursor = self.cursor.min(self.stops().saturating_sub(1));
    }
}
