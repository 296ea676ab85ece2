//! What can be looked at: every list and every page of the console, described once for the
//! screen, for scripts, for help and for completion.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::act::Act;
use crate::cell::Cell;
use crate::document::Document;

/// A list or a page.
#[derive(Debug)]
pub struct View {
    /// What the command line and `:` call it.
    pub name: &'static str,
    /// Shorter names for `:`.
    pub aliases: &'static [&'static str],
    /// One line for the help.
    pub about: &'static str,
    /// Where it is read, below `/admin/v1`; `{id}` stands for the id.
    pub path: &'static str,
    /// What can be asked of it.
    pub filters: &'static [Filter],
    /// List or page.
    pub body: Body,
    /// What can be done to what it shows.
    pub acts: &'static [&'static Act],
}

/// A parameter of the query.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Its name in the query, and of the option with `-` for `_`.
    pub name: &'static str,
    /// What it means and what it may be.
    pub about: &'static str,
    /// The words that it may be, where there are only a few, for completion.
    pub words: &'static [&'static str],
}

/// A parameter of the query that may be anything.
pub const fn filter(name: &'static str, about: &'static str) -> Filter {
    Filter { name, about, words: &[] }
}

/// A parameter of the query that is one of a few words.
pub const fn choice(
    name: &'static str,
    about: &'static str,
    words: &'static [&'static str],
) -> Filter {
    Filter { name, about, words }
}

/// How it is shown.
#[derive(Debug)]
pub enum Body {
    /// Rows, page by page.
    List {
        /// Its columns, in their order.
        columns: &'static [Column],
        /// Reads one item.
        read: fn(&RawValue) -> Result<Row, serde_json::Error>,
        /// Where `Enter` leads.
        opens: Option<fn(&Row) -> Option<Target>>,
    },
    /// One document.
    Page {
        /// Reads it.
        read: fn(&RawValue) -> Result<Document, serde_json::Error>,
        /// Whether it needs an id.
        by_id: bool,
    },
}

/// A column of a list.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// The narrowest that is of use.
    pub width_min: u16,
    /// The widest that is of use.
    pub width_max: u16,
    /// When there is no room, the columns with the highest number go first; 0 never goes.
    pub rank: u8,
}

/// A column that is as wide as `width`.
pub const fn column(title: &'static str, width: u16, rank: u8) -> Column {
    Column { title, width_min: width, width_max: width, rank }
}

/// A column that takes what room there is.
pub const fn wide(title: &'static str, width_min: u16, width_max: u16, rank: u8) -> Column {
    Column { title, width_min, width_max, rank }
}

/// One item of a list.
#[derive(Debug, Clone)]
pub struct Row {
    /// What names it: marks and acts go by it.
    pub id: String,
    /// One for each column.
    pub cells: Vec<Cell>,
    /// As it came.
    pub json: Box<RawValue>,
}

/// A view of something: what a pane shows, and what a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name of the view.
    pub view: &'static str,
    /// Of what, for a page.
    pub id: Option<String>,
    /// The query, without cursor.
    pub params: BTreeMap<String, String>,
}

impl Target {
    /// A list, or a page of which there is one.
    pub fn of(view: &'static str) -> Self {
        Self { view, id: None, params: BTreeMap::new() }
    }

    /// The page of one thing.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "its callers have ids and words at hand, not references"
    )]
    pub fn one(view: &'static str, id: impl ToString) -> Self {
        Self { view, id: Some(id.to_string()), params: BTreeMap::new() }
    }

    /// With a parameter more.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "its callers have ids and words at hand, not references"
    )]
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// Path and query, below the address of the operator API.
    pub fn path(&self, view: &View) -> String {
        let id = self.id.as_deref().unwrap_or_default();
        let path = format!("/admin/v1{}", view.path.replace("{id}", &escape(id)));
        let query: Vec<String> =
            self.params.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

/// Percent-encodes what may not stand in a path segment or a value of a query.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Reads an item as what it is, and makes its row.
pub fn row<T: DeserializeOwned>(
    raw: &RawValue,
    id: impl Fn(&T) -> String,
    cells: impl Fn(&T) -> Vec<Cell>,
) -> Result<Row, serde_json::Error> {
    let item: T = serde_json::from_str(raw.get())?;
    Ok(Row { id: id(&item), cells: cells(&item), json: raw.to_owned() })
}

/// The view of that name or alias.
pub fn find(name: &str) -> Option<&'static View> {
    let is = |view: &&&View| view.name == name || view.aliases.contains(&name);
    crate::views::ALL.iter().find(is).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_values_are_escaped() {
        let view = find("dead-letter").unwrap();
        let target = Target::one("dead-letter", "a/b?c").with("step", "ä b");
        assert_eq!(target.path(view), "/admin/v1/dead-letters/a%2Fb%3Fc?step=%C3%A4%20b");
    }

    #[test]
    fn every_name_is_one_views_only() {
        let mut names = std::collections::BTreeSet::new();
        for view in crate::views::ALL {
            for name in view.aliases.iter().chain([&view.name]) {
                assert!(names.insert(*name), "{name}");
            }
        }
    }
}
