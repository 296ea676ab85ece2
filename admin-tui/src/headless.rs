//! The same views for scripts: `-o table`, `json` or `yaml`.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;
use unicode_width::UnicodeWidthStr;

use crate::cell::Cell;
use crate::document::{Block, Document};
use crate::source::{Source, SourceError};
use crate::update::Items;
use crate::view::{Body, Row, Target, View};

/// How a view is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For both.
    Yaml,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The server gave no answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its answer means nothing.
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// Reads a view, up to `limit` rows of a list, and returns its text.
///
/// # Errors
/// See [`ShowError`].
pub async fn show(
    source: &Source,
    view: &'static View,
    target: &Target,
    output: Output,
    limit: usize,
) -> Result<String, ShowError> {
    match &view.body {
        Body::Page { read, .. } => {
            let raw = source.get(&target.path(view)).await?;
            Ok(match output {
                Output::Table => page(&read(&raw)?, source.now()),
                output => value(&serde_json::from_str(raw.get())?, output)?,
            })
        }
        Body::List { read, columns, .. } => {
            let items = items(source, view, target, limit).await?;
            if output == Output::Table {
                let rows: Result<Vec<Row>, _> = items.iter().map(|item| read(item)).collect();
                let titles: Vec<String> =
                    columns.iter().map(|column| column.title.to_owned()).collect();
                let cells = rows?.into_iter().map(|row| row.cells).collect::<Vec<_>>();
                return Ok(table(&titles, &cells, source.now()));
            }
            let items: Result<Vec<Value>, _> =
                items.iter().map(|item| serde_json::from_str(item.get())).collect();
            value(&Value::Array(items?), output)
        }
    }
}

/// Rows among which one is looked for.
const LOOKED_AT_MAX: usize = 1_000;

/// What a list says of one thing; none when it is not in it.
///
/// # Errors
/// See [`ShowError`].
pub async fn row(
    source: &Source,
    view: &'static View,
    id: &str,
    output: Output,
) -> Result<Option<String>, ShowError> {
    let Body::List { read, columns, .. } = &view.body else {
        return Ok(None);
    };
    for item in items(source, view, &Target::of(view.name), LOOKED_AT_MAX).await? {
        let row = read(&item)?;
        if row.id == id {
            return Ok(Some(match output {
                Output::Table => page(&crate::stake::of_row(columns, &row), source.now()),
                output => value(&serde_json::from_str(item.get())?, output)?,
            }));
        }
    }
    Ok(None)
}

/// Items of a list, page by page.
async fn items(
    source: &Source,
    view: &View,
    target: &Target,
    limit: usize,
) -> Result<Vec<Box<RawValue>>, ShowError> {
    let mut all: Vec<Box<RawValue>> = Vec::new();
    let mut target = target.clone();
    loop {
        let raw = source.get(&target.path(view)).await?;
        let Items { items, next_cursor } = Items::read(&raw)?;
        all.extend(items);
        let Some(cursor) = next_cursor.filter(|_| all.len() < limit) else {
            all.truncate(limit);
            return Ok(all);
        };
        target = target.with("cursor", cursor);
    }
}

/// A value as JSON or YAML.
///
/// # Errors
/// When it cannot be written, which no JSON value can bring about.
pub fn value(value: &Value, output: Output) -> Result<String, ShowError> {
    Ok(match output {
        Output::Yaml => crate::yaml::text(value),
        _ => format!("{}\n", serde_json::to_string_pretty(value)?),
    })
}

/// A page as text.
pub fn page(document: &Document, now: DateTime<Utc>) -> String {
    let mut text = String::new();
    if !document.title.is_empty() {
        writeln!(text, "{}", document.title).ok();
    }
    for block in &document.blocks {
        match block {
            Block::Fields(fields) => {
                let width = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
                for (name, cell) in fields {
                    writeln!(text, "{name:<width$}  {}", cell.show(now)).ok();
                }
            }
            Block::Table { heading, columns, rows } => {
                let cells: Vec<Vec<Cell>> = rows.iter().map(|(cells, _)| cells.clone()).collect();
                write!(text, "\n{heading}\n{}", table(columns, &cells, now)).ok();
            }
            Block::Note(note, _) => {
                writeln!(text, "{}", crate::cell::printable(note)).ok();
            }
            Block::Gauge { label, done, total } => {
                writeln!(text, "{label}: {done} of {total}").ok();
            }
            Block::Graph { label, points } => {
                let last = points.last().copied().flatten();
                let last = last.map_or_else(|| "-".to_owned(), |value| value.to_string());
                writeln!(text, "{label}: {last}").ok();
            }
            Block::Side(parts) => {
                for part in parts {
                    text.push_str(page(part, now).trim_start_matches('\n'));
                }
            }
            Block::Json(json) => {
                writeln!(text, "{json}").ok();
            }
        }
    }
    text
}

/// Columns as wide as their widest cell, nothing cut off.
pub fn table(titles: &[String], rows: &[Vec<Cell>], now: DateTime<Utc>) -> String {
    let shown: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| cell.show(now)).collect()).collect();
    let width = |at: usize| {
        let cells = shown.iter().filter_map(|row| row.get(at)).map(|text| text.width());
        cells.chain(titles.get(at).map(|title| title.width())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let right = |at: usize| rows.first().and_then(|row| row.get(at)).is_some_and(Cell::is_number);
    let line = |cells: &[String]| {
        let places: Vec<String> = cells
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (text, &width))| {
                let gap = " ".repeat(width.saturating_sub(text.width()));
                if right(at) { format!("{gap}{text}") } else { format!("{text}{gap}") }
            })
            .collect();
        format!("{}\n", places.join("  ").trim_end())
    };
    let titles: Vec<String> = titles.iter().map(|title| title.to_uppercase()).collect();
    line(&titles) + &shown.iter().map(|row| line(row)).collect::<String>()
}
