//! Processes that die in the middle of a plan.

use std::time::{Duration, Instant};

use super::*;
use crate::support::http_client;
use crate::support::process::Process;

/// Dead letters of the test. `HOLDFAST_TEST_DEAD_LETTERS=50000` makes it the full measure.
fn dead_letters() -> usize {
    let set = std::env::var("HOLDFAST_TEST_DEAD_LETTERS").ok();
    set.map_or(2_000, |count| count.parse().expect("a number"))
}

/// An operator's program, which asks again when the API has died.
struct Desk {
    http: reqwest::Client,
    token: String,
    address: String,
}

impl Desk {
    async fn call(&self, request: reqwest::RequestBuilder) -> serde_json::Value {
        let answer = request.bearer_auth(&self.token).send().await.expect("an answer");
        let status = answer.status();
        let body = answer.json().await.expect("a body");
        assert!(status.is_success(), "{status}: {body}");
        body
    }

    async fn get(&self, path: &str) -> serde_json::Value {
        self.call(self.http.get(format!("http://{}/admin/v1/{path}", self.address))).await
    }

    async fn post(&self, path: &str, body: serde_json::Value) -> serde_json::Value {
        let request = self.http.post(format!("http://{}/admin/v1/{path}", self.address));
        self.call(request.json(&body).timeout(Duration::from_mins(2))).await
    }
}

async fn many_stuck(world: &World, count: usize) {
    let wallets = world.wallets(200, 1_000_000_000).await;
    for chunk in (0..count).collect::<Vec<_>>().chunks(256) {
        let end = |number: &usize| {
            let amount = 600 + i64::try_from(number % 1_000).expect("an amount");
            (wallets[number % 200], wallets[(number + 7) % 200], amount)
        };
        stuck(world, &chunk.iter().map(end).collect::<Vec<_>>()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_survives_sigkill_of_api_and_workers() {
    let (world, count) = (World::new().await, dead_letters());
    many_stuck(&world, count).await;
    sqlx::query("ANALYZE").execute(&world.reads).await.expect("statistics");
    let token = store::operators::issue(&world.reads, "olga", OperatorRole::Operator).await;
    let mut api = Process::api(&world.url, "127.0.0.1:0");
    let mut desk = Desk {
        http: http_client(),
        token: token.expect("a token"),
        address: api.admin.clone().expect("its address"),
    };
    let roles = [("HOLDFAST_ROLES", "sagas,desk")];
    let start = || Process::jobs(&world.url, &roles);
    let mut workers = [start(), start()];

    // Once before, so that the measure holds no making of connections.
    desk.get("dead-letters/groups").await;
    let begun = Instant::now();
    let groups = desk.get("dead-letters/groups").await;
    let groups_took = begun.elapsed();
    assert_eq!(groups.as_array().expect("groups").len(), 12);
    let begun = Instant::now();
    let plan = desk.post("redrive-plans", serde_json::json!({"filter": {}})).await;
    let made_took = begun.elapsed();
    assert_eq!(plan["item_count"], count);
    let id: domain::ids::PlanId = plan["id"].as_str().expect("an id").parse().expect("an id");
    let shown = plans::items(&world.reads, id, plans::Filter::default(), 1_000_000).await;
    let shown = shown.expect("its items");

    let begun = Instant::now();
    let pace = serde_json::json!({
        "hash": plan["hash"], "reason": "causes mended", "canary_count": 10, "rate_per_second": 5_000,
    });
    desk.post(&format!("redrive-plans/{id}/apply"), pace).await;
    world.wait_until("the first is sent", "SELECT dispatched_count > 0 FROM redrive_plan").await;
    let first_took = begun.elapsed();

    // A tenth, three tenths and six tenths through, somebody is killed.
    for (victim, tenths) in [1, 3, 6].into_iter().enumerate() {
        let so_far = "SELECT dispatched_count FROM redrive_plan";
        let wanted = i64::try_from(count * tenths / 10).expect("a count");
        while i64::from(
            sqlx::query_scalar::<_, i32>(so_far).fetch_one(&world.reads).await.expect("a count"),
        ) < wanted
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        workers[victim % 2].kill();
        api.kill();
        workers[victim % 2] = start();
        api = Process::api(&world.url, "127.0.0.1:0");
        desk.address = api.admin.clone().expect("its address");
    }
    world.wait_until("the plan is done", "SELECT status <> 'running' FROM redrive_plan").await;
    let all_took = begun.elapsed();
    eprintln!(
        "{count} dead letters: groups {groups_took:?}, plan made {made_took:?}, first sent {first_took:?}, all {all_took:?}"
    );

    let done = desk.get(&format!("redrive-plans/{id}")).await;
    assert_eq!(
        (done["status"].as_str(), &done["dispatched_count"]),
        (Some("done"), &plan["item_count"]),
        "{done}"
    );
    let sent = plans::items(&world.reads, id, plans::Filter::default(), 1_000_000).await;
    for (before, after) in shown.iter().zip(sent.expect("its items")) {
        assert_eq!(before.dead_letter_id, after.dead_letter_id, "what was shown is what was sent");
        assert_eq!(after.status, ItemStatus::Settled, "{:?}", after.outcome_code);
    }
    let twice = "SELECT count(*) FROM (
        SELECT transfer_id FROM journal_entry GROUP BY transfer_id HAVING count(*) > 1) AS t";
    assert_eq!(world.count(twice).await, 0, "entries written twice");
    assert_audited(&world, u32::try_from(count).expect("a count")).await;
    world.assert_ledger_clean().await;
}
