//! The table of operations against the types and the codes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wire::ProblemCode;

use super::operation::Operation;
use super::{admin, clients, examples, operators, public};

fn both() -> [(Vec<Operation>, Value); 2] {
    [(clients::operations(), public()), (operators::operations(), admin())]
}

#[test]
fn operations_have_names_of_their_own() {
    for (operations, document) in both() {
        let mut names = BTreeSet::new();
        for operation in &operations {
            let name = document["paths"][operation.path][operation.method]["operationId"].clone();
            assert!(names.insert(name.to_string()), "{name} stands for two operations");
        }
    }
}

#[test]
fn every_body_has_an_example_that_its_type_would_write() {
    let mut wrong = Vec::new();
    for shape in both().iter().flat_map(|(operations, _)| operations).flat_map(Operation::shapes) {
        let name = shape.name();
        match examples::of(shape) {
            None if shape.is_word() => {}
            None => wrong.push(format!("{name} has no example")),
            Some(example) if shape.is_list() => {
                for item in example.as_array().expect("a list") {
                    wrong.extend(shape.check(item).err().map(|why| format!("{name}: {why}")));
                }
            }
            Some(example) => {
                wrong.extend(shape.check(&example).err().map(|why| format!("{name}: {why}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_problem_is_documented() {
    let mut missing: BTreeSet<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    for (_, document) in both() {
        let responses = document["components"]["responses"].as_object().expect("responses");
        for response in responses.values() {
            let media = &response["content"]["application/problem+json"];
            for code in media["examples"].as_object().expect("an example for each code").keys() {
                missing.remove(code.as_str());
            }
        }
    }
    assert!(missing.is_empty(), "no operation says {missing:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    for (_, document) in both() {
        let mut references = BTreeSet::new();
        find_references(&document, &mut references);
        for reference in references {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }
}

fn find_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| find_references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| find_references(item, found)),
        _ => {}
    }
}

#[test]
fn what_may_be_null_is_always_there_in_an_answer() {
    let document = public();
    let transfer = &document["components"]["schemas"]["Transfer"];
    let required: BTreeSet<&str> =
        transfer["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(required.contains("failure"), "{transfer}");
    assert!(!required.contains("hold"), "{transfer}");
    let body = &document["components"]["schemas"]["CreateTransfer"];
    let required = body["required"].as_array().unwrap();
    assert!(!required.contains(&Value::from("reference")), "{body}");
    assert_eq!(body["additionalProperties"], false);
}

#[test]
fn schemas_of_the_same_name_are_the_same_in_both_documents() {
    let [one, other] = both().map(|(_, document)| -> BTreeMap<String, Value> {
        serde_json::from_value(document["components"]["schemas"].clone()).unwrap()
    });
    for (name, schema) in one {
        if let Some(same) = other.get(&name) {
            assert_eq!(&schema, same, "{name}");
        }
    }
}
