//! Queues, jobs and workers as operators see them. The jobs are written as apalis would.

use domain::operator::OperatorRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api};

/// Ids in the order of their making.
const JOBS: [&str; 5] = [
    "01K000000000000000000000A1",
    "01K000000000000000000000A2",
    "01K000000000000000000000A3",
    "01K000000000000000000000A4",
    "01K000000000000000000000A5",
];

/// One job in each state, with a worker that has one in hand and one that is dead.
async fn one_of_each(api: &Api) {
    let jobs = [
        "'Pending', 0, now() - interval '2 s', NULL",
        "'Pending', 0, now() + interval '1 h', NULL",
        "'Queued', 0, now(), 'wallet-saga@a-host-7-01K000000000000000000000B1'",
        "'Failed', 25, now(), 'wallet-saga@old-8-01K000000000000000000000B2'",
        "'Done', 1, now(), 'wallet-saga@a-host-7-01K000000000000000000000B1'",
    ];
    let payload = r#"{"v":"1","ids":["01a1fbb4-2655-75eb-986a-09c3fb00afa6"]}"#;
    for (id, rest) in JOBS.iter().zip(jobs) {
        api.sql(&format!(
            "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, run_at, lock_by)
             VALUES ('{id}', 'wallet-saga', '{payload}', {rest})"
        ))
        .await;
    }
    api.sql(
        "INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen) VALUES
         ('wallet-saga@a-host-7-01K000000000000000000000B1', 'wallet-saga', 'x', now()),
         ('wallet-saga@old-8-01K000000000000000000000B2', 'wallet-saga', 'x', now() - interval '9 s')",
    )
    .await;
}

impl Api {
    async fn look(&self, token: &str, path: &str) -> Answer {
        let answer = self.as_operator(token, Method::GET, path, "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }

    async fn retry(&self, token: &str, id: &str) -> Answer {
        let path = format!("/admin/v1/jobs/{id}/retry-now");
        self.as_operator(token, Method::POST, &path, r#"{"reason":"mended"}"#).await
    }
}

#[tokio::test]
async fn the_queues_are_counted() {
    let api = Api::start().await;
    let wallet = api.wallet("alice", "EUR").await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    let empty = api.look(&viewer, "/admin/v1/queues").await.body;
    assert_eq!(empty["saga"]["oldest_ready_ms"], Value::Null);
    assert_eq!(empty["outbox"]["event_count"], 1, "the wallet was opened");
    assert!(empty["outbox"]["oldest_ms"].as_i64().is_some());

    one_of_each(&api).await;
    for number in 0..5 {
        let key = format!("key-{number}");
        let body = json!({ "wallet_id": wallet, "amount_minor": 1, "currency": "EUR" });
        let answer = api.post("/v1/deposits", &[("idempotency-key", &key)], &body).await;
        assert_eq!(answer.status, 202);
    }
    api.sql(
        "WITH open AS (SELECT transfer_id, row_number() OVER (ORDER BY transfer_id) AS n FROM saga_open)
         UPDATE saga_open AS o
         SET due_at = CASE WHEN n = 2 THEN now() + interval '1 h' ELSE now() - interval '1 s' END,
             waiting_for = CASE n WHEN 3 THEN 'switch:pause_step:screen' WHEN 4 THEN 'partner' END,
             parked_reason = CASE WHEN n = 5 THEN 'attempts_used_up' END
         FROM open WHERE open.transfer_id = o.transfer_id",
    )
    .await;
    api.sql(
        r#"INSERT INTO switch (kind, subject, "on", reason, changed_by)
           VALUES ('pause_queue', 'outbox', true, 'x', 'x')"#,
    )
    .await;
    let body = api.look(&viewer, "/admin/v1/queues").await.body;
    let saga = &body["saga"];
    // The five deposits have a job each, or share some.
    assert!(saga["jobs"]["ready"].as_i64().unwrap() >= 2, "{saga}");
    for state in ["scheduled", "in_hand", "failed", "done"] {
        assert_eq!(saga["jobs"][state], 1, "{state}: {saga}");
    }
    assert!(saga["oldest_ready_ms"].as_i64().unwrap() >= 2_000, "{saga}");
    assert!(saga["oldest_due_ms"].as_i64().unwrap() >= 1_000, "{saga}");
    assert_eq!(
        saga["transfers"],
        json!({ "runnable": 1, "retrying": 1, "paused": 1, "parked": 1 })
    );
    assert_eq!((&saga["workers_alive"], &saga["paused"]), (&json!(1), &json!(false)));
    assert_eq!(body["outbox"]["paused"], true);
    assert_eq!(body["subscribers"][0], json!({ "name": "wallet-audit", "paused": false }));
}

#[tokio::test]
async fn jobs_are_listed_by_state_and_page_by_page() {
    let api = Api::start().await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    one_of_each(&api).await;
    let ids = |answer: &Answer| -> Vec<String> {
        let items = answer.body["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    for (state, id) in ["ready", "scheduled", "in_hand", "failed", "done"].into_iter().zip(JOBS) {
        let path = format!("/admin/v1/jobs?queue=saga&status={state}");
        let answer = api.look(&viewer, &path).await;
        assert_eq!(ids(&answer), [id], "{state}");
        assert_eq!(answer.body["items"][0]["status"], state);
        assert_eq!(answer.body["items"][0]["transfer_count"], 1);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.look(&viewer, &format!("/admin/v1/jobs?limit=2{cursor}")).await;
        seen.extend(ids(&page));
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    seen.reverse();
    assert_eq!(seen, JOBS);
    for query in ["queue=outbox", "status=Pending", "cursor=x", "limit=0", "state=ready"] {
        let path = format!("/admin/v1/jobs?{query}");
        let answer = api.as_operator(&viewer, Method::GET, &path, "").await;
        answer.assert_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn workers_show_where_they_run_and_what_they_hold() {
    let api = Api::start().await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    one_of_each(&api).await;
    let workers = api.look(&viewer, "/admin/v1/workers").await.body;
    let (alive, dead) = (&workers[0], &workers[1]);
    assert_eq!((&alive["host"], &alive["pid"]), (&json!("a-host"), &json!(7)));
    assert_eq!((&alive["alive"], &alive["jobs_in_hand"]), (&json!(true), &json!(1)));
    assert!(alive["started_at"].is_string());
    assert_eq!((&dead["host"], &dead["alive"]), (&json!("old"), &json!(false)));
    assert_eq!(dead["jobs_in_hand"], 0);
}

#[tokio::test]
async fn a_job_is_retried_before_its_time_with_its_transfers() {
    let api = Api::start().await;
    let wallet = api.wallet("alice", "EUR").await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    let body = json!({ "wallet_id": wallet, "amount_minor": 1, "currency": "EUR" });
    let accepted = api.post("/v1/deposits", &[("idempotency-key", "one")], &body).await;
    let transfer = accepted.text("/id").to_owned();
    // It waits for a retry, and so does its job.
    api.sql("UPDATE saga_open SET attempt = 3, due_at = now() + interval '1 h'").await;
    api.sql("UPDATE apalis.jobs SET run_at = now() + interval '1 h'").await;
    let listed = api.look(&viewer, "/admin/v1/jobs?status=scheduled").await;
    let id = listed.text("/items/0/id").to_owned();
    let one = api.look(&viewer, &format!("/admin/v1/jobs/{id}")).await;
    assert_eq!(one.body["transfers"], json!([{ "id": transfer, "status": "accepted" }]));

    api.retry(&viewer, &id).await.assert_problem(403, "operator_not_allowed");
    for _ in 0..2 {
        let answer = api.retry(&operator, &id).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("ready")), "{answer:?}");
    }
    assert_eq!(api.count("saga_open WHERE due_at <= now() AND attempt = 3").await, 1);
    assert_eq!(api.count("apalis.jobs WHERE run_at <= now() AND status = 'Pending'").await, 1);
    assert_eq!(api.count("operator_audit").await, 1, "the second time changed nothing");
    let audit = api.look(&viewer, "/admin/v1/audit").await;
    let act = &audit.body["items"][0];
    assert_eq!(
        (&act["action"], &act["subject"]),
        (&json!("job.retry_now"), &json!(format!("job:{id}")))
    );
    assert_eq!(
        (&act["before"]["state"], &act["after"]["transfers_hastened"]),
        (&json!("scheduled"), &json!(1))
    );
}

#[tokio::test]
async fn a_job_in_hand_or_done_is_not_retried_and_a_failed_one_is() {
    let api = Api::start().await;
    let operator = api.token("olga", OperatorRole::Operator).await;
    one_of_each(&api).await;
    for id in [JOBS[2], JOBS[4]] {
        api.retry(&operator, id).await.assert_problem(409, "job_not_waiting");
    }
    api.retry(&operator, "01K000000000000000000000ZZ").await.assert_problem(404, "job_not_found");
    assert_eq!(api.count("operator_audit").await, 0);
    let answer = api.retry(&operator, JOBS[3]).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("ready")), "{answer:?}");
    assert_eq!(answer.body["attempt_count"], 25, "what it was through is not forgotten");
    // apalis would take it now.
    let taken = "apalis.get_jobs('w', 'wallet-saga', 9) WHERE id = '01K000000000000000000000A4'";
    assert_eq!(api.count(taken).await, 1);
}
