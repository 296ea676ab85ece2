//! As much of JSON Schema as `docs/events` uses. A keyword that is not known here fails,
//! so that no schema says more than is checked.

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

/// Keywords that describe and do not restrict.
const NOTES: &[&str] = &["$schema", "$id", "title", "description"];

const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const CURRENCY: &str = "^[A-Z]{3}$";

/// Where `value` is not what `schema` describes.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(schema, value, "", &mut faults);
    faults
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        let fine = match keyword.as_str() {
            "type" => has_type(wanted, value),
            "const" => wanted == value,
            "enum" => wanted.as_array().expect("a list").contains(value),
            "minimum" => value.as_i64().is_none_or(|number| Some(number) >= wanted.as_i64()),
            "maximum" => value.as_i64().is_none_or(|number| Some(number) <= wanted.as_i64()),
            "minLength" => {
                value.as_str().is_none_or(|text| Some(text.len() as u64) >= wanted.as_u64())
            }
            "format" | "pattern" => value.as_str().is_none_or(|text| has_form(wanted, text)),
            "required" => missing(wanted, value, at, faults),
            "properties" | "additionalProperties" | "propertyNames" => true,
            note if NOTES.contains(&note) => true,
            other => panic!("the keyword {other} is not checked"),
        };
        if !fine {
            faults.push(format!("{at} is not as {keyword} says"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        if let Some(names) = schema.get("propertyNames") {
            check(names, &Value::from(name.as_str()), &at, faults);
        }
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(described), _) => check(described, member, &at, faults),
            (None, Some(Value::Bool(false))) => faults.push(format!("{at} is not described")),
            (None, Some(others)) => check(others, member, &at, faults),
            (None, None) => {}
        }
    }
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("a type's name") {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not checked"),
    };
    wanted.as_array().map_or_else(|| is(wanted), |any| any.iter().any(is))
}

fn has_form(wanted: &Value, text: &str) -> bool {
    match wanted.as_str().expect("a form") {
        "uuid" | UUID => Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text),
        "date-time" => DateTime::parse_from_rfc3339(text).is_ok(),
        CURRENCY => text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
        other => panic!("the form {other} is not checked"),
    }
}

/// Notes each missing member by its own name; the keyword itself adds nothing to that.
fn missing(wanted: &Value, value: &Value, at: &str, faults: &mut Vec<String>) -> bool {
    for name in wanted.as_array().expect("a list") {
        let name = name.as_str().expect("a name");
        if value.get(name).is_none() {
            faults.push(format!("{at}/{name} is missing"));
        }
    }
    true
}
