//! The OpenAPI documents: as committed, as released, as served, and as the API answers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use api::openapi;
use serde_json::Value;

use crate::auth::matrix::routes;
use crate::support::Api;

mod breaking;
pub mod documented;

use breaking::breaks;

/// Set to anything, it makes the test below write the documents in place of comparing them.
const WRITE: &str = "HOLDFAST_WRITE_OPENAPI";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn documents() -> [(&'static str, Value); 2] {
    [("openapi", openapi::public()), ("openapi-admin", openapi::admin())]
}

fn read(file: &str) -> Value {
    let file = root().join("docs").join(file);
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_committed_documents_are_those_of_the_code() {
    for (name, document) in documents() {
        let file = format!("{name}.json");
        if std::env::var_os(WRITE).is_some() {
            let text = serde_json::to_string_pretty(&document).unwrap();
            std::fs::write(root().join("docs").join(&file), text + "\n").unwrap();
        }
        assert!(
            read(&file) == document,
            "docs/{file} is not what the code says; write it anew: {WRITE}=1 cargo test -p api --test it openapi"
        );
    }
}

#[test]
fn nothing_that_was_released_is_broken() {
    for (name, document) in documents() {
        let file = format!("{name}.released.json");
        let broken = breaks(&read(&file), &document);
        assert!(broken.is_empty(), "against docs/{file}:\n{}", broken.join("\n"));
    }
}

/// What serves the documents themselves.
const OWN: &[&str] = &["/openapi.json", "/docs", "/docs/page.js", "/docs/page.css"];

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let mut routes = routes();
    routes.retain(|(_, path)| !OWN.contains(&path.as_str()));
    let mut documented = BTreeSet::new();
    for (_, document) in documents() {
        for (path, operations) in document["paths"].as_object().unwrap() {
            let methods = operations.as_object().unwrap().keys();
            documented.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
        }
    }
    assert_eq!(routes, documented);
}

/// Types that no body has: the signature is a header, and pages are named by what is on them.
const NO_BODY: &[&str] = &["Page", "Secret", "SecretTooShort", "SignatureError"];

/// Fields that have another name in JSON, or none of their own.
const OTHER_NAME: &[(&str, &str)] = &[("Problem", "type_url"), ("OperatorLimit", "limit")];

#[test]
fn every_type_and_field_of_the_wire_is_documented() {
    let documents = documents();
    let schema = |name: &str| {
        let path = format!("/components/schemas/{name}");
        documents.iter().find_map(|(_, document)| document.pointer(&path))
    };
    let mut missing = Vec::new();
    for file in sources(&root().join("wire/src")) {
        let text = std::fs::read_to_string(file).unwrap();
        let mut within = None;
        for line in text.lines() {
            if let Some(name) = declared(line) {
                let found = schema(name);
                if found.is_none() && !NO_BODY.contains(&name) {
                    missing.push(format!("{name} is in no document"));
                }
                within = found.map(|found| (name.to_owned(), found));
            } else if line == "}" {
                within = None;
            } else if let (Some((name, schema)), Some(field)) = (&within, field(line)) {
                let known = OTHER_NAME.contains(&(name.as_str(), field));
                if !known && !has_property(schema, field) {
                    missing.push(format!("{name} has no {field}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The type that a line of a source declares.
fn declared(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))?;
    rest.split(|c: char| !c.is_alphanumeric()).next()
}

/// The field that a line of a source declares.
fn field(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("    pub ")?.split_once(':')?;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()).then_some(name)
}

fn has_property(schema: &Value, field: &str) -> bool {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    schema["properties"].get(field).is_some()
        || parts.into_iter().any(|part| has_property(part, field))
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn both_addresses_serve_their_document_and_a_page_for_it() {
    let api = Api::start().await;
    for (base, (_, document)) in [&api.public, &api.admin].into_iter().zip(documents()) {
        let get = |path: &str| api.client.get(format!("{base}{path}")).send();
        let served = get("/openapi.json").await.unwrap();
        assert_eq!(served.headers()["content-type"], "application/json");
        assert_eq!(served.json::<Value>().await.unwrap(), document);
        for (path, media_type) in [
            ("/docs", "text/html; charset=utf-8"),
            ("/docs/page.js", "text/javascript; charset=utf-8"),
            ("/docs/page.css", "text/css; charset=utf-8"),
        ] {
            let page = get(path).await.unwrap();
            assert_eq!(page.status(), 200);
            assert_eq!(page.headers()["content-type"], media_type);
            let policy = page.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'self'"), "{policy}");
            let text = page.text().await.unwrap();
            assert!(!text.contains("://"), "{path} asks another host");
        }
    }
}
