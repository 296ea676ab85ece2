//! The queues and commands of the operator API. No desk runs here, so a command stays
//! queued unless the test ends it.

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api};

/// A dead-letter queue with two messages, as a desk would have found them.
const FOUND: &str = "
    INSERT INTO sqs_queue (name, source_queue) VALUES ('a', NULL), ('a-dlq', 'a');
    INSERT INTO dead_message (message_id, queue, body, attributes, transfer_ids, event_ids, reason,
        fingerprint, receive_count, sent_at, expires_at)
    SELECT id, 'a-dlq', 'hello', '{}', ARRAY['01a1fbb4-2655-75eb-986a-09c3fb00afa6'::uuid], '{}', 'odd', 'odd',
        1, now(), now() + interval '14 days'
    FROM unnest(ARRAY['m1', 'm2']) AS id";

struct Operators {
    api: Api,
    viewer: String,
    operator: String,
}

impl Operators {
    async fn start() -> Self {
        let api = Api::start().await;
        api.sql(FOUND).await;
        let issue =
            async |name, role| store::operators::issue(&api.pool, name, role).await.unwrap();
        let viewer = issue("vera", OperatorRole::Viewer).await;
        let operator = issue("olga", OperatorRole::Operator).await;
        Self { api, viewer, operator }
    }

    async fn get(&self, path: &str) -> Answer {
        let bearer = format!("Bearer {}", self.viewer);
        let path = format!("/admin/v1{path}");
        self.api.send(Method::GET, &path, &[("authorization", &bearer)], "").await
    }

    async fn post(&self, token: &str, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.api.post(&format!("/admin/v1{path}"), &headers, body).await
    }

    async fn ask(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        self.post(&self.operator, path, key, body).await
    }
}

#[tokio::test]
async fn a_viewer_sees_the_index_and_changes_nothing() {
    let at = Operators::start().await;
    let queues = at.get("/sqs/queues").await;
    assert_eq!(queues.body[1]["present_count"], 2, "{queues:?}");
    assert_eq!(queues.body[1]["sampled_at"], Value::Null);
    let groups = at.get("/sqs/dead-messages/groups").await;
    assert_eq!((&groups.body[0]["queue"], &groups.body[0]["count"]), (&json!("a-dlq"), &json!(2)));
    let message = at.get("/sqs/dead-messages/m1").await;
    assert_eq!(message.body["body"], "hello");
    let unknown = json!([{
        "id": "01a1fbb4-2655-75eb-986a-09c3fb00afa6", "status": null, "dead_letter_id": null
    }]);
    assert_eq!(message.body["transfers"], unknown);
    let seconds = message.body["expires_in_s"].as_i64().unwrap();
    assert!((1_209_500..=1_209_600).contains(&seconds), "{seconds}");
    at.get("/sqs/dead-messages/m3").await.assert_problem(404, "dead_message_not_found");

    let first = at.get("/sqs/dead-messages?queue=a-dlq&limit=1").await;
    let cursor = first.text("/next_cursor");
    let second = at.get(&format!("/sqs/dead-messages?limit=1&cursor={cursor}")).await;
    assert_eq!(
        (first.text("/items/0/message_id"), second.text("/items/0/message_id")),
        ("m2", "m1")
    );
    for (filter, count) in [
        ("status=present", 2),
        ("status=gone", 0),
        ("reason=odd", 2),
        ("fingerprint=even", 0),
        ("queue=b", 0),
        ("transfer_id=01a1fbb4-2655-75eb-986a-09c3fb00afa6", 2),
        ("transfer_id=01a1fbb4-2655-75eb-986a-09c3fb00afa7", 0),
    ] {
        let page = at.get(&format!("/sqs/dead-messages?{filter}")).await;
        assert_eq!(page.body["items"].as_array().unwrap().len(), count, "{filter}");
    }
    at.get("/sqs/dead-messages?status=dead").await.assert_problem(400, "invalid_parameter");
    at.get("/commands?status=open").await.assert_problem(400, "invalid_parameter");

    let body = json!({ "queue": "a-dlq", "reason": "why" });
    for path in ["/sqs/redrive", "/sqs/purge"] {
        let answer = at.post(&at.viewer, path, None, &body).await;
        answer.assert_problem(403, "operator_not_allowed");
    }
    assert_eq!(at.api.count("operator_audit").await, 0);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_before_anything_is_written() {
    let at = Operators::start().await;
    let redrive = |queue: &str, ids: Value| {
        let mut body = json!({ "queue": queue, "reason": "why" });
        if !ids.is_null() {
            body["message_ids"] = ids;
        }
        body
    };
    let answer = at.ask("/sqs/redrive", None, &redrive("b-dlq", Value::Null)).await;
    answer.assert_problem(404, "queue_not_found");
    let answer = at.ask("/sqs/purge", None, &json!({ "queue": "a", "reason": "why" })).await;
    answer.assert_problem(422, "invalid_body");
    assert!(answer.text("/errors/0/detail").contains("no dead-letter queue"), "{answer:?}");
    let answer = at.ask("/sqs/redrive", None, &redrive("a-dlq", json!(["m1", "m3", "m4"]))).await;
    answer.assert_problem(422, "invalid_body");
    let errors = answer.body["errors"].as_array().unwrap();
    let names: Vec<&str> = errors.iter().map(|one| one["detail"].as_str().unwrap()).collect();
    assert_eq!(names, ["m3 is not in a-dlq", "m4 is not in a-dlq"]);
    for body in [
        redrive("a-dlq", json!([])),
        redrive("a-dlq", json!([""])),
        redrive("a-dlq", json!(vec!["m1"; 1_001])),
        json!({ "queue": "a-dlq" }),
        json!({ "queue": "a-dlq", "reason": "" }),
        json!({ "queue": "a-dlq", "reason": "why", "all": true }),
    ] {
        at.ask("/sqs/redrive", None, &body).await.assert_problem(422, "invalid_body");
    }
    assert_eq!(at.api.count("operator_command").await, 0);
    assert_eq!(at.api.count("operator_audit").await, 0);
}

#[tokio::test]
async fn the_same_request_again_is_the_same_command() {
    let at = Operators::start().await;
    let body = json!({ "queue": "a-dlq", "message_ids": ["m2", "m1"], "reason": "why" });
    let first = at.ask("/sqs/redrive", None, &body).await;
    assert_eq!(first.status, 202, "{first:?}");
    let id = first.text("/id").to_owned();
    assert_eq!(first.header("location"), Some(format!("/admin/v1/commands/{id}").as_str()));
    assert_eq!(first.body["message_ids"], json!(["m1", "m2"]));
    assert_eq!((first.text("/kind"), first.text("/status")), ("redrive_messages", "queued"));
    // While it is open, whoever asks and in whatever order; also when some are back already.
    at.api.sql("UPDATE dead_message SET status = 'redriven', closed_at = now() WHERE message_id = 'm1'").await;
    let same = json!({ "queue": "a-dlq", "message_ids": ["m1", "m2", "m2"], "reason": "again" });
    let again = at.ask("/sqs/redrive", None, &same).await;
    assert_eq!((again.status, again.text("/id")), (202, id.as_str()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(at.api.count("operator_audit").await, 1, "one command, one act");
    // Another kind is another command.
    let all = json!({ "queue": "a-dlq", "reason": "why" });
    let other = at.ask("/sqs/redrive", Some("k1"), &all).await;
    assert_ne!(other.text("/id"), id);

    // At its end only the key tells that it is the same.
    at.api
        .sql("UPDATE operator_command SET status = 'done', started_at = now(), finished_at = now()")
        .await;
    let keyed = at.ask("/sqs/redrive", Some("k1"), &all).await;
    assert_eq!((keyed.text("/id"), keyed.text("/status")), (other.text("/id"), "done"));
    let purge = at.ask("/sqs/purge", Some("k1"), &all).await;
    purge.assert_problem(422, "idempotency_key_reused");
    let new = at.ask("/sqs/redrive", None, &all).await;
    assert_ne!(new.text("/id"), other.text("/id"));
    let list = at.get("/commands?queue=a-dlq&limit=2").await;
    assert_eq!(list.text("/items/0/id"), new.text("/id"), "newest first");
    let rest = at.get(&format!("/commands?limit=2&cursor={}", list.text("/next_cursor"))).await;
    assert_eq!(rest.text("/items/0/id"), id);
    let queued = at.get("/commands?status=queued").await;
    assert_eq!(queued.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn many_who_ask_at_once_get_one_command() {
    let at = Operators::start().await;
    let body = json!({ "queue": "a-dlq", "reason": "race" });
    let asked = (0..12).map(|_| at.ask("/sqs/purge", None, &body));
    let answers = futures::future::join_all(asked).await;
    let first = answers[0].text("/id");
    for answer in &answers {
        assert_eq!((answer.status, answer.text("/id")), (202, first));
    }
    assert_eq!(at.api.count("operator_command").await, 1);
    assert_eq!(at.api.count("operator_audit").await, 1);
}

#[tokio::test]
async fn a_command_that_nobody_has_begun_is_stopped_at_once() {
    let at = Operators::start().await;
    let body = json!({ "queue": "a-dlq", "reason": "why" });
    let command = at.ask("/sqs/redrive", None, &body).await;
    let path = format!("/commands/{}", command.text("/id"));
    let stop = format!("{path}/stop");
    let reason = json!({ "reason": "not now" });
    at.post(&at.viewer, &stop, None, &reason).await.assert_problem(403, "operator_not_allowed");
    at.ask(&stop, None, &json!({})).await.assert_problem(422, "invalid_body");
    for _ in 0..2 {
        let stopped = at.ask(&stop, None, &reason).await;
        assert_eq!((stopped.status, stopped.text("/status")), (200, "stopped"));
    }
    assert_eq!(at.get(&path).await.text("/status"), "stopped");
    let acts = at.get("/audit").await;
    assert_eq!(acts.body["items"].as_array().unwrap().len(), 2, "once asked, once stopped");
    assert_eq!(
        (acts.text("/items/0/action"), acts.text("/items/0/reason")),
        ("command.stop", "not now")
    );
    let nobody = "/commands/01a1fbb4-2655-75eb-986a-09c3fb00afa6";
    at.get(nobody).await.assert_problem(404, "command_not_found");
    at.ask(&format!("{nobody}/stop"), None, &reason).await.assert_problem(404, "command_not_found");
}

#[tokio::test]
async fn a_command_whose_desk_is_gone_can_be_stopped() {
    let at = Operators::start().await;
    let body = json!({ "queue": "a-dlq", "reason": "why" });
    let reason = json!({ "reason": "nobody is there" });
    for (what, as_left, ends) in [
        ("it was killed", "heartbeat_at = now() - interval '6 s'", true),
        ("it drained", "heartbeat_at = NULL, taken_by = NULL", true),
        (
            "it was asked before it died",
            "heartbeat_at = now() - interval '6 s', stop_requested_at = now()",
            true,
        ),
        ("it lives", "heartbeat_at = now()", false),
        ("SQS goes on moving", "heartbeat_at = now() - interval '6 s', task_handle = 'h'", false),
    ] {
        let command = at.ask("/sqs/redrive", None, &body).await;
        let sql = "UPDATE operator_command SET status = 'running', started_at = now(), taken_by = gen_random_uuid()";
        at.api.sql(sql).await;
        at.api.sql(&format!("UPDATE operator_command SET {as_left}")).await;
        let acts = at.api.count("operator_audit").await;
        let stop = format!("/commands/{}/stop", command.text("/id"));
        let expected = if ends { "stopped" } else { "running" };
        for _ in 0..2 {
            let stopped = at.ask(&stop, None, &reason).await;
            assert_eq!((stopped.status, stopped.text("/status")), (200, expected), "{what}");
            assert_ne!(stopped.body["stop_requested_at"], Value::Null, "{what}");
        }
        assert_eq!(at.api.count("operator_audit").await, acts + 1, "{what}: one act");
        at.api.sql("DELETE FROM operator_command").await;
    }
}
