//! One operation of the API, and how it is written into a document.

use std::collections::{BTreeMap, BTreeSet};

use domain::access::Scope;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use wire::{PROBLEM_MEDIA_TYPE, ProblemCode};

use super::shape::{Schemas, Shape};
use super::{examples, params, problems};

/// Who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Orchestrators and load balancers, who are never turned away by a limit.
    Health,
    /// Clients with this scope.
    Client(Scope),
    /// A payout provider, by its signature.
    Provider,
    /// Any operator.
    Viewer,
    /// An operator who may change something.
    Changer,
}

/// What is in a body.
#[derive(Clone)]
pub(super) enum Content {
    /// One JSON value.
    Json(Shape),
    /// Something that is no wire type: its media type, and an example.
    Text(&'static str, &'static str),
}

struct Answer {
    status: u16,
    description: &'static str,
    content: Option<Content>,
    headers: Vec<(&'static str, &'static str)>,
}

/// A method of a path.
pub(super) struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    id: &'static str,
    summary: &'static str,
    description: String,
    tag: &'static str,
    access: Access,
    params: Vec<Value>,
    body: Option<Content>,
    answers: Vec<Answer>,
    problems: BTreeSet<ProblemCode>,
    /// Shapes that only descriptions name.
    mentioned: Vec<Shape>,
}

impl Operation {
    pub(super) fn new(
        access: Access,
        (method, path): (&'static str, &'static str),
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            description: String::new(),
            tag: "",
            access,
            params: Vec::new(),
            body: None,
            answers: Vec::new(),
            problems: BTreeSet::new(),
            mentioned: Vec::new(),
        }
    }

    pub(super) fn tag(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    pub(super) fn about(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    pub(super) fn param(mut self, param: Value) -> Self {
        self.params.push(param);
        self
    }

    /// A parameter of the query.
    pub(super) fn query(self, name: &str, description: &str, schema: &Value) -> Self {
        self.param(params::in_query(name, description, schema))
    }

    /// A parameter that is one of the words of a type.
    pub(super) fn word<T>(mut self, name: &str, description: &str) -> Self
    where
        T: ToSchema + serde::Serialize + serde::de::DeserializeOwned,
    {
        let shape = Shape::of::<T>();
        self.mentioned.push(shape);
        self.query(name, description, &shape.schema())
    }

    /// It answers with a page.
    pub(super) fn paged(mut self) -> Self {
        self.params.extend(params::page());
        self
    }

    pub(super) fn body(mut self, content: Content) -> Self {
        self.body = Some(content);
        self
    }

    /// A JSON body.
    pub(super) fn takes<T>(self) -> Self
    where
        T: ToSchema + serde::Serialize + serde::de::DeserializeOwned,
    {
        self.body(Content::Json(Shape::of::<T>()))
    }

    pub(super) fn answer(
        mut self,
        status: u16,
        description: &'static str,
        content: Option<Content>,
    ) -> Self {
        self.answers.push(Answer { status, description, content, headers: Vec::new() });
        self
    }

    /// 200 with a JSON value.
    pub(super) fn gives<T>(self, description: &'static str) -> Self
    where
        T: ToSchema + serde::Serialize + serde::de::DeserializeOwned,
    {
        self.answer(200, description, Some(Content::Json(Shape::of::<T>())))
    }

    /// 200 with a list.
    pub(super) fn lists<T>(self, description: &'static str) -> Self
    where
        T: ToSchema + serde::Serialize + serde::de::DeserializeOwned,
    {
        self.answer(200, description, Some(Content::Json(Shape::list_of::<T>())))
    }

    /// A header of the answer that was added last; it may be absent.
    pub(super) fn header(mut self, name: &'static str, description: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, description));
        }
        self
    }

    pub(super) fn problems(mut self, codes: &[ProblemCode]) -> Self {
        self.problems.extend(codes);
        self
    }

    /// A type that only the description names.
    pub(super) fn mentions<T>(mut self) -> Self
    where
        T: ToSchema + serde::Serialize + serde::de::DeserializeOwned,
    {
        self.mentioned.push(Shape::of::<T>());
        self
    }

    /// It needs another scope than others of its method.
    pub(super) fn needs(mut self, scope: Scope) -> Self {
        self.access = Access::Client(scope);
        self
    }

    /// Adds the schemas of all that it takes and says.
    pub(super) fn collect(&self, schemas: &mut Schemas) {
        self.shapes().for_each(|shape| shape.collect(schemas));
    }

    /// All wire types that it names.
    pub(super) fn shapes(&self) -> impl Iterator<Item = &Shape> {
        let answers = self.answers.iter().filter_map(|answer| answer.content.as_ref());
        let contents = self.body.iter().chain(answers);
        let shapes = contents.filter_map(|content| match content {
            Content::Json(shape) => Some(shape),
            Content::Text(..) => None,
        });
        shapes.chain(&self.mentioned)
    }

    /// Every problem that it may answer with, by status.
    pub(super) fn all_problems(&self) -> BTreeMap<u16, BTreeSet<ProblemCode>> {
        let writes = self.method != "get";
        let mut codes = self.problems.clone();
        codes.extend(problems::common(self.access, writes, self.body.is_some()));
        let mut by_status = BTreeMap::<u16, BTreeSet<ProblemCode>>::new();
        for code in codes {
            by_status.entry(code.status()).or_default().insert(code);
        }
        by_status
    }

    /// The operation as the document has it.
    pub(super) fn write(&self) -> Value {
        let mut parameters = params::of_path(self.path);
        parameters.extend(self.params.iter().cloned());
        if matches!(self.access, Access::Client(_)) && self.method != "get" {
            parameters.push(params::traceparent());
        }
        parameters.push(params::correlation_id());
        let mut responses = Map::new();
        for answer in &self.answers {
            responses.insert(answer.status.to_string(), answer.write());
        }
        for (status, codes) in self.all_problems() {
            let name = problems::response_name(status, &codes);
            let reference = json!({ "$ref": format!("#/components/responses/{name}") });
            responses.insert(status.to_string(), reference);
        }
        let mut written = json!({
            "operationId": self.id, "summary": self.summary, "tags": [self.tag],
            "parameters": parameters, "responses": responses, "security": problems::security(self.access),
        });
        if !self.description.is_empty() {
            written["description"] = self.description.as_str().into();
        }
        if let Some(content) = &self.body {
            written["requestBody"] = json!({ "required": true, "content": content.write() });
        }
        written
    }
}

impl Answer {
    fn write(&self) -> Value {
        let mut headers = Map::new();
        for (name, description) in &self.headers {
            let header = json!({ "description": description, "schema": { "type": "string" } });
            headers.insert((*name).to_owned(), header);
        }
        let id = json!({
            "description": "Of the request, or made for it.", "required": true, "schema": { "type": "string" },
        });
        headers.insert("X-Correlation-Id".to_owned(), id);
        let mut written = json!({ "description": self.description, "headers": headers });
        if let Some(content) = &self.content {
            written["content"] = content.write();
        }
        written
    }
}

impl Content {
    fn write(&self) -> Value {
        match self {
            Self::Json(shape) => {
                let mut media = json!({ "schema": shape.schema() });
                if let Some(example) = examples::of(shape) {
                    media["example"] = example;
                }
                json!({ "application/json": media })
            }
            Self::Text(media_type, example) => {
                let mut content = Map::new();
                let media = match serde_json::from_str::<Value>(example) {
                    Ok(value) if *media_type == "application/json" => {
                        json!({ "schema": { "type": "object" }, "example": value })
                    }
                    _ => json!({ "schema": { "type": "string" }, "example": example }),
                };
                content.insert((*media_type).to_owned(), media);
                Value::Object(content)
            }
        }
    }
}

/// The response with these problems.
pub(super) fn problem_response(status: u16, codes: &BTreeSet<ProblemCode>) -> Value {
    let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let sentences: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| {
            let example = json!({ "summary": code.title(), "value": examples::problem(*code) });
            (code.as_str().to_owned(), example)
        })
        .collect();
    let narrowed = json!({
        "type": "object",
        "properties": {
            "status": { "type": "integer", "const": status },
            "code": { "type": "string", "enum": words },
        },
    });
    let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, narrowed] });
    let mut content = Map::new();
    content
        .insert(PROBLEM_MEDIA_TYPE.to_owned(), json!({ "schema": schema, "examples": examples }));
    let mut headers = json!({
        "X-Correlation-Id": {
            "description": "Of the request, or made for it.", "required": true, "schema": { "type": "string" },
        },
    });
    for (name, description, is_there) in problems::headers(status) {
        headers[*name] = json!({
            "description": description, "required": is_there, "schema": { "type": "string" },
        });
    }
    json!({ "description": sentences.join(" "), "headers": headers, "content": content })
}
