//! Whether what the API answers is in its document. Every answer that a test gets goes through here.

use std::sync::LazyLock;

use api::openapi;
use serde_json::Value;

static PUBLIC: LazyLock<Value> = LazyLock::new(openapi::public);
static ADMIN: LazyLock<Value> = LazyLock::new(openapi::admin);

/// Fails the test when the document does not know an answer with this status and problem.
#[track_caller]
pub fn assert_documented(method: &str, path: &str, status: u16, code: Option<&str>) {
    let document = if path.starts_with("/admin") { &*ADMIN } else { &*PUBLIC };
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(document, method, path) else {
        // No such route, or no such method of it: said once for the whole document.
        return;
    };
    let mut response = &operation["responses"][status.to_string()];
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(reference.trim_start_matches('#')).unwrap();
    }
    assert!(response.is_object(), "{method} {path} is not documented to answer {status} {code:?}");
    if let Some(code) = code {
        let examples = &response["content"]["application/problem+json"]["examples"];
        assert!(examples.get(code).is_some(), "{method} {path} is not documented to say {code}");
    }
}

/// A path of letters goes before one with a parameter, as the router has it.
fn operation<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let paths = document["paths"].as_object().unwrap();
    let mut fitting: Vec<_> = paths.iter().filter(|(pattern, _)| fits(pattern, path)).collect();
    fitting.sort_by_key(|(pattern, _)| pattern.matches('{').count());
    fitting.first()?.1.get(method.to_lowercase())
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(one, other)| one == other || (one.starts_with('{') && !other.is_empty()))
}
