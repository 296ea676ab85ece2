//! Wire types as documents see them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// Schemas by their names.
pub(super) type Schemas = BTreeMap<String, Value>;

/// One wire type.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    name: fn() -> Cow<'static, str>,
    own: fn() -> RefOr<Schema>,
    inner: fn(&mut Vec<(String, RefOr<Schema>)>),
    /// Reads a value as the type and writes it again.
    #[cfg(test)]
    round_trip: fn(&Value) -> Result<Value, serde_json::Error>,
    /// Whether it is a list of them.
    list: bool,
}

impl Shape {
    pub(super) fn of<T: ToSchema + Serialize + DeserializeOwned>() -> Self {
        Self {
            name: T::name,
            own: T::schema,
            inner: T::schemas,
            #[cfg(test)]
            round_trip: |value| {
                serde_json::from_value::<T>(value.clone()).and_then(serde_json::to_value)
            },
            list: false,
        }
    }

    /// A plain array of them.
    pub(super) fn list_of<T: ToSchema + Serialize + DeserializeOwned>() -> Self {
        Self { list: true, ..Self::of::<T>() }
    }

    pub(super) fn name(&self) -> String {
        (self.name)().into_owned()
    }

    pub(super) fn is_list(&self) -> bool {
        self.list
    }

    /// The schema where it is used: a reference.
    pub(super) fn schema(&self) -> Value {
        let one = json!({ "$ref": format!("#/components/schemas/{}", self.name()) });
        if self.list { json!({ "type": "array", "items": one }) } else { one }
    }

    /// Whether it is one of a list of words, which are their own examples.
    #[cfg(test)]
    pub(super) fn is_word(&self) -> bool {
        finished(&(self.own)())["enum"].is_array()
    }

    /// Adds its schema and those of all that is in it.
    pub(super) fn collect(&self, schemas: &mut Schemas) {
        let mut found = Vec::new();
        (self.inner)(&mut found);
        found.push((self.name(), (self.own)()));
        for (name, schema) in found {
            schemas.entry(name).or_insert_with(|| finished(&schema));
        }
    }

    /// Says no to an example that is not what the type would write.
    #[cfg(test)]
    pub(super) fn check(&self, example: &Value) -> Result<(), String> {
        let again = (self.round_trip)(example).map_err(|error| error.to_string())?;
        if again == *example { Ok(()) } else { Err(format!("it would be written as {again}")) }
    }
}

/// The schema as the document has it.
fn finished(schema: &RefOr<Schema>) -> Value {
    let mut value = serde_json::to_value(schema).unwrap_or_default();
    require_nullable(&mut value);
    plain_words(&mut value);
    value
}

/// In an answer a field that may be null is always there; one that may be left out is never null.
/// The derive takes both for optional. Bodies of requests know no unknown fields, and may leave
/// out what may be null.
fn require_nullable(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    if let Some(parts) = object.get_mut("allOf").and_then(Value::as_array_mut) {
        parts.iter_mut().for_each(require_nullable);
    }
    if object.get("additionalProperties") == Some(&Value::Bool(false)) {
        return;
    }
    let Some(properties) = object.get("properties").and_then(Value::as_object) else { return };
    let always: Vec<Value> = properties
        .iter()
        .filter(|(_, property)| may_be_null(property))
        .map(|(name, _)| Value::from(name.as_str()))
        .collect();
    if always.is_empty() {
        return;
    }
    let required = object.entry("required").or_insert_with(|| Value::Array(Vec::new()));
    if let Some(required) = required.as_array_mut() {
        required.extend(always);
        required.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        required.dedup();
    }
}

fn may_be_null(property: &Value) -> bool {
    let any = |list: &Value, fits: fn(&Value) -> bool| {
        list.as_array().is_some_and(|list| list.iter().any(fits))
    };
    any(&property["type"], |kind| kind == "null")
        || any(&property["oneOf"], |one| one["type"] == "null")
        || is_anything(property)
}

/// No rule at all: any JSON value, null too.
fn is_anything(property: &Value) -> bool {
    let rules = ["type", "oneOf", "allOf", "anyOf", "$ref", "enum", "const"];
    rules.iter().all(|rule| property.get(rule).is_none())
}

/// Takes the links of rustdoc out of descriptions: nobody can follow them here.
fn plain_words(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = without_links(text);
            }
            fields.values_mut().for_each(plain_words);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_words),
        _ => {}
    }
}

fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        plain.push_str(before);
        let Some((name, behind)) = after.split_once("`]") else {
            plain.push_str("[`");
            rest = after;
            continue;
        };
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        let target = behind.strip_prefix('(').and_then(|target| target.split_once(')'));
        rest = target.map_or(behind, |(_, behind)| behind);
    }
    plain + rest
}
