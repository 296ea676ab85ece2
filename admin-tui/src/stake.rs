//! What is at stake: what a change would do, told before it is asked for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cell::Cell;
use crate::document::Document;
use crate::view::{Column, Row};

/// What a change would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Stake {
    /// What an operator wants to know first stands first.
    pub document: Document,
    /// Why it cannot be done as things are; none when it can.
    pub refusal: Option<String>,
}

/// Columns that count what an act would be done to. Others, such as wallets, may count one twice.
const COUNTED: [&str; 5] = ["count", "items", "dead", "visible", "transfers"];

impl From<Document> for Stake {
    fn from(document: Document) -> Self {
        Self { document, refusal: None }
    }
}

/// What a list knows of one thing: its row.
pub fn of_row(columns: &[Column], row: &Row) -> Document {
    let known = columns.iter().zip(&row.cells).filter(|(_, cell)| **cell != Cell::None);
    Document::default().fields(known.map(|(column, cell)| (column.title, cell.clone())))
}

/// What a list knows of several: how many, how much money, and in the end which.
pub fn of_rows(columns: &[Column], rows: &[&Row], ids: &[String]) -> Document {
    let mut fields = vec![("marked", Cell::count(i64::try_from(ids.len()).unwrap_or(i64::MAX)))];
    for (at, column) in columns.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.cells.get(at));
        let mut money: BTreeMap<&str, i128> = BTreeMap::new();
        let mut count: Option<i128> = None;
        for cell in cells {
            match cell {
                Cell::Money(minor, currency) => *money.entry(currency).or_default() += minor,
                Cell::Count(more, _) if COUNTED.contains(&column.title) => {
                    count = Some(count.unwrap_or(0) + more);
                }
                _ => {}
            }
        }
        fields.extend(count.map(|count| (column.title, Cell::count(count))));
        let sums = money.into_iter().map(|(of, minor)| (column.title, Cell::money(minor, of)));
        fields.extend(sums);
    }
    let gone = ids.len().saturating_sub(rows.len());
    if gone > 0 {
        fields.push(("no longer in the list", Cell::trouble(i64::try_from(gone).unwrap_or(0))));
    }
    let which = ids.iter().map(|id| (vec![Cell::id(id)], None));
    Document::default().fields(fields).table("these", &["id"], which)
}

/// Why an act does not fit a thing of which this is known: the first of these fields that it has
/// holds none of the words. None when it holds one, or when there is no such field.
pub fn unless(known: &Value, fields: &[&str], words: &[&str]) -> Option<String> {
    let found = fields.iter().find_map(|field| known.pointer(field))?;
    let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    let fits = words.contains(&found.as_str());
    (!fits).then(|| format!("it is {found}, and this needs {}", words.join(" or ")))
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use serde_json::json;
    use serde_json::value::RawValue;

    use super::*;
    use crate::document::Block;
    use crate::view::column;

    #[test]
    fn several_rows_are_summed_by_currency() {
        let columns = [column("amount", 9, 0), column("count", 9, 0), column("wallets", 9, 0)];
        let row = |minor: i64, currency: &str| Row {
            id: minor.to_string(),
            cells: vec![Cell::money(minor, currency), Cell::count(2), Cell::count(1)],
            json: RawValue::from_string("{}".to_owned()).unwrap(),
        };
        let rows = [row(100, "EUR"), row(50, "EUR"), row(7, "JPY")];
        let ids: Vec<String> = ["100", "50", "7", "8"].map(str::to_owned).into();
        let document = of_rows(&columns, &rows.iter().collect::<Vec<_>>(), &ids);
        let Some(Block::Fields(fields)) = document.blocks.first() else { panic!("{document:?}") };
        let shown: Vec<String> =
            fields.iter().map(|(name, cell)| format!("{name} {}", cell.show(Utc::now()))).collect();
        assert_eq!(
            shown,
            ["marked 4", "amount 1.50 EUR", "amount 7 JPY", "count 6", "no longer in the list 1"]
        );
    }

    #[test]
    fn an_act_that_does_not_fit_says_why() {
        let plan = json!({"status": "done", "transfer": {"status": "stuck"}});
        assert_eq!(unless(&plan, &["/status"], &["done"]), None);
        assert_eq!(
            unless(&plan, &["/status"], &["running", "paused"]).as_deref(),
            Some("it is done, and this needs running or paused")
        );
        assert_eq!(unless(&plan, &["/absent", "/transfer/status"], &["stuck"]), None);
        assert_eq!(unless(&plan, &["/absent"], &["open"]), None);
    }
}
