//! YAML for people to read, of what came as JSON.

use serde_json::Value;

/// A value as YAML. Words stand in quotes as in JSON, which YAML takes as they are.
pub fn text(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut inner = String::new();
                write(item, depth + 1, &mut inner);
                // The first line of what is inside stands behind the dash.
                text.extend([&indent, "- ", inner.trim_start()]);
                if !text.ends_with('\n') {
                    text.push('\n');
                }
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (name, inner) in fields {
                let nested = matches!(inner, Value::Array(items) if !items.is_empty())
                    || matches!(inner, Value::Object(fields) if !fields.is_empty());
                text.extend([&indent, key(name).as_str(), ":"]);
                text.push(if nested { '\n' } else { ' ' });
                write(inner, depth + 1, text);
                if !nested {
                    text.push('\n');
                }
            }
        }
        // An empty list, an empty object and every scalar of JSON is one of YAML.
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// A name without quotes where YAML needs none.
fn key(name: &str) -> String {
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&name);
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_written_as_people_write_it() {
        let value = json!([
            {"id": "a", "steps": [{"seq": 1, "ok": true}, {"seq": 2, "ok": null}], "tags": []},
            {"on": 1, "nested": {"a": {"b": "x: y"}}},
        ]);
        let expected = r#"- id: "a"
  steps:
    - seq: 1
      ok: true
    - seq: 2
      ok: null
  tags: []
- "on": 1
  nested:
    a:
      b: "x: y"
"#;
        let mut found: Vec<String> = text(&value).lines().map(str::to_owned).collect();
        let mut expected: Vec<String> = expected.lines().map(str::to_owned).collect();
        // Objects of JSON have no order of their own.
        found.sort();
        expected.sort();
        assert_eq!(found.len(), expected.len());
        assert!(text(&json!("x")) == "\"x\"\n" && text(&json!({})) == "{}\n");
    }
}
