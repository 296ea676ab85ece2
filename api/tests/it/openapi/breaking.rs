//! What breaks a client that knows an older document.
//!
//! A request that was right stays right, and an answer keeps its promises. What the documents allow
//! for is no break: new fields in answers, new words there, new problem codes, new operations, and
//! fields and parameters of requests that may be left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Way {
    /// From the client.
    Request,
    /// To the client.
    Answer,
}

/// All breaks, as sentences.
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut check = Check { old, new, found: Vec::new(), seen: BTreeSet::new() };
    for (path, item) in fields(&old["paths"]) {
        for (method, operation) in fields(item) {
            let at = format!("{} {path}", method.to_uppercase());
            match new["paths"][path].get(method) {
                None => check.say(&at, "is gone"),
                Some(now) => check.operation(&at, operation, now),
            }
        }
    }
    check.found
}

struct Check<'a> {
    old: &'a Value,
    new: &'a Value,
    found: Vec<String>,
    /// Pairs of named schemas that were compared, or are about to be.
    seen: BTreeSet<(String, String, Way)>,
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn words(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The kinds of value that a schema allows, without null; none is any.
fn kinds(schema: &Value) -> BTreeSet<&str> {
    let one = schema["type"].as_str();
    words(&schema["type"]).into_iter().chain(one).filter(|kind| *kind != "null").collect()
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

impl<'a> Check<'a> {
    fn say(&mut self, at: &str, what: &str) {
        self.found.push(format!("{at} {what}"));
    }

    fn operation(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        self.parameters(at, &old["parameters"], &new["parameters"]);
        match (old.get("requestBody"), new.get("requestBody")) {
            (None, Some(_)) => self.say(at, "needs a body now"),
            (Some(_), None) => self.say(at, "takes no body any more"),
            (Some(old), Some(new)) => {
                self.contents(
                    &format!("{at} body"),
                    &old["content"],
                    &new["content"],
                    Way::Request,
                );
            }
            (None, None) => {}
        }
        for (status, response) in fields(&old["responses"]) {
            let at = format!("{at} {status}");
            let Some(now) = new["responses"].get(status) else {
                self.say(&at, "is not answered any more");
                continue;
            };
            let (response, now) = (resolve(self.old, response), resolve(self.new, now));
            for (name, _) in fields(&response["headers"]) {
                if now["headers"].get(name).is_none() {
                    self.say(&at, &format!("has no header {name} any more"));
                }
            }
            if response.get("content").is_some() {
                self.contents(&at, &response["content"], &now["content"], Way::Answer);
            }
        }
    }

    fn parameters(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        let list = |value: &'a Value| value.as_array().into_iter().flatten();
        let same = |one: &Value, other: &Value| {
            let name = |value: &Value| value["name"].as_str().unwrap().to_lowercase();
            name(one) == name(other) && one["in"] == other["in"]
        };
        for one in list(old) {
            let at = format!("{at} parameter {}", one["name"]);
            match list(new).find(|other| same(one, other)) {
                None => self.say(&at, "is gone"),
                Some(now) => {
                    if now["required"] == true && one["required"] != true {
                        self.say(&at, "must be given now");
                    }
                    self.schema(&at, &one["schema"], &now["schema"], Way::Request);
                }
            }
        }
        for one in list(new).filter(|one| one["required"] == true) {
            if !list(old).any(|other| same(one, other)) {
                self.say(at, &format!("parameter {} is new and must be given", one["name"]));
            }
        }
    }

    fn contents(&mut self, at: &str, old: &'a Value, new: &'a Value, way: Way) {
        for (media_type, media) in fields(old) {
            match new.get(media_type) {
                None => self.say(at, &format!("is not {media_type} any more")),
                // What a problem may be is in its code; the rest never differs.
                Some(_) if media_type == "application/problem+json" => {}
                Some(now) => self.schema(at, &media["schema"], &now["schema"], way),
            }
        }
    }

    fn schema(&mut self, at: &str, old: &'a Value, new: &'a Value, way: Way) {
        if let (Some(one), Some(other)) = (old["$ref"].as_str(), new["$ref"].as_str())
            && !self.seen.insert((one.to_owned(), other.to_owned(), way))
        {
            return;
        }
        let (old_null, old) = without_null(resolve(self.old, old));
        let (new_null, new) = without_null(resolve(self.new, new));
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        match way {
            Way::Request if old_null && !new_null => self.say(at, "may not be null any more"),
            Way::Answer if new_null && !old_null => self.say(at, "may be null now"),
            _ => {}
        }
        self.kinds(at, old, new, way);
        match way {
            Way::Request => self.bounds(at, old, new),
            Way::Answer => {}
        }
        self.properties(at, old, new, way);
        if let (Some(old), Some(new)) = (old.get("items"), new.get("items")) {
            self.schema(&format!("{at}[]"), old, new, way);
        }
        let parts = |value: &'a Value| value["allOf"].as_array().into_iter().flatten();
        if parts(old).count() > parts(new).count() {
            self.say(at, "has lost a part");
        }
        for (old, new) in parts(old).zip(parts(new)) {
            self.schema(at, old, new, way);
        }
    }

    /// What sort of value it is.
    fn kinds(&mut self, at: &str, old: &'a Value, new: &'a Value, way: Way) {
        let (from, to) = match way {
            Way::Request => (kinds(old), kinds(new)),
            Way::Answer => (kinds(new), kinds(old)),
        };
        // No kind is any kind.
        if !to.is_empty() && (from.is_empty() || !from.is_subset(&to)) {
            self.say(at, &format!("was {:?} and is {:?}", kinds(old), kinds(new)));
        }
        if way == Way::Request
            && let Some(now) = new.get("enum")
        {
            let gone: Vec<&str> = match old.get("enum") {
                Some(before) => words(before).difference(&words(now)).copied().collect(),
                None => vec!["all but some words"],
            };
            if !gone.is_empty() {
                self.say(at, &format!("does not take {} any more", gone.join(", ")));
            }
        }
    }

    /// What a request may hold at most.
    fn bounds(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        for (bound, is_upper) in [
            ("maximum", true),
            ("maxLength", true),
            ("maxItems", true),
            ("minimum", false),
            ("minLength", false),
            ("minItems", false),
        ] {
            let (before, now) = (old[bound].as_i64(), new[bound].as_i64());
            let narrower = match (before, now) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(before), Some(now)) if is_upper => now < before,
                (Some(before), Some(now)) => now > before,
            };
            if narrower {
                self.say(at, &format!("has a narrower {bound}"));
            }
        }
        for rule in ["pattern", "format", "const"] {
            if new.get(rule).is_some() && new.get(rule) != old.get(rule) {
                self.say(at, &format!("has another {rule}"));
            }
        }
    }

    fn properties(&mut self, at: &str, old: &'a Value, new: &'a Value, way: Way) {
        let (before, now) = (words(&old["required"]), words(&new["required"]));
        let closed = |value: &Value| value.get("additionalProperties") == Some(&Value::Bool(false));
        match way {
            Way::Request => {
                for field in now.difference(&before) {
                    self.say(&format!("{at}.{field}"), "must be given now");
                }
                if closed(new) && !closed(old) && old.get("properties").is_some() {
                    self.say(at, "takes no unknown fields any more");
                }
            }
            Way::Answer => {
                for field in before.difference(&now) {
                    self.say(&format!("{at}.{field}"), "is not always there any more");
                }
            }
        }
        for (field, schema) in fields(&old["properties"]) {
            let at = format!("{at}.{field}");
            match new["properties"].get(field) {
                None => self.say(&at, "is gone"),
                Some(now) => self.schema(&at, schema, now, way),
            }
        }
    }
}

/// Whether it may be null, and the rest of it.
fn without_null(schema: &Value) -> (bool, &Value) {
    if words(&schema["type"]).contains("null") {
        return (true, schema);
    }
    let is_null = |one: &&Value| one["type"] == "null";
    let choices = schema["oneOf"].as_array();
    match choices.map(|all| (all.iter().any(|one| is_null(&one)), all)) {
        Some((true, all)) => (true, all.iter().find(|one| !is_null(one)).unwrap_or(schema)),
        _ => (false, schema),
    }
}

/// A small document.
fn sample() -> Value {
    json!({
        "paths": { "/v1/things": { "post": {
            "parameters": [
                { "name": "limit", "in": "query", "required": false, "schema": { "type": "integer", "maximum": 200 } },
            ],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Make" } } } },
            "responses": { "200": {
                "headers": { "Location": {} },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } },
            } },
        } } },
        "components": { "schemas": {
            "Make": {
                "type": "object", "additionalProperties": false, "required": ["name"],
                "properties": {
                    "name": { "type": "string", "maxLength": 255 },
                    "note": { "type": ["string", "null"] },
                    "sort": { "type": "string", "enum": ["a", "b"] },
                },
            },
            "Thing": {
                "type": "object", "required": ["id"],
                "properties": {
                    "id": { "type": "string" },
                    "more": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } },
                    "sort": { "type": "string", "enum": ["a", "b"] },
                },
            },
        } },
    })
}

/// The sample with one change: at a JSON pointer, another value or none.
fn changed(pointer: &str, value: Option<Value>) -> Value {
    let mut document = sample();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/");
    match document.pointer_mut(parent).unwrap() {
        Value::Object(fields) => _ = set(fields, last, value),
        Value::Array(items) => items.push(value.unwrap()),
        other => panic!("{other} has no fields"),
    }
    document
}

fn set(fields: &mut Map<String, Value>, name: String, value: Option<Value>) -> Option<Value> {
    match value {
        Some(value) => fields.insert(name, value),
        None => fields.remove(&name),
    }
}

const POST: &str = "/paths/~1v1~1things/post";
const MAKE: &str = "/components/schemas/Make";
const THING: &str = "/components/schemas/Thing";

#[test]
fn each_way_to_break_a_client_is_found() {
    assert_eq!(breaks(&sample(), &sample()), Vec::<String>::new());
    let new_parameter = json!({ "name": "shard", "in": "query", "required": true, "schema": {} });
    let cases = [
        ("/paths/~1v1~1things".to_owned(), None),
        (POST.to_owned(), None),
        (format!("{POST}/parameters"), Some(json!([]))),
        (format!("{POST}/parameters/-"), Some(new_parameter)),
        (format!("{POST}/parameters/0/required"), Some(json!(true))),
        (format!("{POST}/parameters/0/schema/maximum"), Some(json!(100))),
        (format!("{POST}/requestBody"), None),
        (format!("{POST}/responses/200"), None),
        (format!("{POST}/responses/200/headers/Location"), None),
        (format!("{MAKE}/required"), Some(json!(["name", "note"]))),
        (format!("{MAKE}/properties/note"), None),
        (format!("{MAKE}/properties/note/type"), Some(json!("string"))),
        (format!("{MAKE}/properties/name/type"), Some(json!("integer"))),
        (format!("{MAKE}/properties/name/maxLength"), Some(json!(100))),
        (format!("{MAKE}/properties/name/minLength"), Some(json!(2))),
        (format!("{MAKE}/properties/name/pattern"), Some(json!("^a"))),
        (format!("{MAKE}/properties/sort/enum"), Some(json!(["a"]))),
        (format!("{THING}/properties/id"), None),
        (format!("{THING}/properties/id/type"), Some(json!(["string", "null"]))),
        (format!("{THING}/properties/id/type"), Some(json!("integer"))),
        (format!("{THING}/required"), Some(json!([]))),
        (format!("{THING}/properties/more/items"), Some(json!({ "type": "string" }))),
    ];
    for (pointer, value) in cases {
        let document = changed(&pointer, value.clone());
        assert!(!breaks(&sample(), &document).is_empty(), "{pointer} {value:?} is not found");
    }
}

#[test]
fn what_clients_were_told_to_expect_breaks_none() {
    let optional = json!({ "name": "shard", "in": "query", "required": false, "schema": {} });
    for (pointer, value) in [
        ("/paths/~1v1~1more".to_owned(), Some(json!({ "get": { "responses": {} } }))),
        (format!("{POST}/parameters/-"), Some(optional)),
        (format!("{POST}/responses/429"), Some(json!({}))),
        (format!("{MAKE}/properties/new"), Some(json!({ "type": "string" }))),
        (format!("{MAKE}/properties/name/maxLength"), Some(json!(300))),
        (format!("{MAKE}/properties/sort/enum"), Some(json!(["a", "b", "c"]))),
        (format!("{THING}/properties/new"), Some(json!({ "type": "string" }))),
        (format!("{THING}/properties/sort/enum"), Some(json!(["a", "b", "c"]))),
        (format!("{THING}/required"), Some(json!(["id", "sort"]))),
    ] {
        let document = changed(&pointer, value);
        assert_eq!(breaks(&sample(), &document), Vec::<String>::new(), "{pointer}");
    }
}
