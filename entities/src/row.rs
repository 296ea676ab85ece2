use std::str::FromStr;

use domain::failure::{Failure, FailureClass};

/// A stored value that the domain does not know: a bug, or an edit by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} holds '{value}'")]
pub struct InvalidRow {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What it holds.
    pub value: String,
}

/// Reads a stored word as the domain type that lists it.
pub(crate) fn word<T: FromStr>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, InvalidRow> {
    text.parse().map_err(|_| InvalidRow { table, column, value: text.to_owned() })
}

/// Reads a count that the database keeps in a signed column.
pub(crate) fn count<T: TryFrom<i64>>(
    table: &'static str,
    column: &'static str,
    value: i64,
) -> Result<T, InvalidRow> {
    T::try_from(value).map_err(|_| InvalidRow { table, column, value: value.to_string() })
}

/// Puts a failure together from its three columns; none when there is no code.
pub(crate) fn failure(
    table: &'static str,
    class: Option<&str>,
    code: Option<&str>,
    detail: Option<&str>,
) -> Result<Option<Failure>, InvalidRow> {
    let Some(code) = code else {
        return Ok(None);
    };
    let class: FailureClass = word(table, "failure_class", class.unwrap_or_default())?;
    Ok(Some(Failure::new(class, code, detail.unwrap_or_default())))
}

/// Reads stored JSON as the domain type that it was written from.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    json: &serde_json::Value,
) -> Result<T, InvalidRow> {
    T::deserialize(json).map_err(|_| InvalidRow { table, column, value: json.to_string() })
}
