//! What operators see of a running system: the overview and the lists behind it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use api::{Config, Server};
use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, OpenTransfer};
use domain::ids::{TransferId, WalletId};
use domain::operator::OperatorRole;
use domain::saga::Step;
use reqwest::Client;
use serde_json::Value;
use store::lane::{self, LaneRules};
use tokio::sync::oneshot;

use crate::support::{World, http_client, rules, transfer};

mod badge;
mod lists;
mod sampler;
mod states;
mod transfers;
mod wallets;

/// A world with an operator API, and somebody who may only look.
struct Console {
    world: World,
    admin: String,
    http: Client,
    token: String,
    /// The API ends when this is dropped.
    #[expect(dead_code, reason = "kept to the end")]
    stop: oneshot::Sender<()>,
}

impl Console {
    async fn new() -> Self {
        Self::at(World::new().await).await
    }

    /// On a database that is there.
    async fn at(world: World) -> Self {
        let free = ([127, 0, 0, 1], 0).into();
        let config = Config { public_addr: free, admin_addr: free, ..Config::new(&world.url) };
        let server = Server::bind(&config).await.expect("an API");
        let admin = format!("http://{}/admin/v1", server.admin_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.serve(async move { stopped.await.unwrap_or_default() }));
        let issued = store::operators::issue(&world.reads, "vera", OperatorRole::Viewer).await;
        Self { admin, http: http_client(), token: issued.expect("a token"), stop, world }
    }

    async fn ask(&self, path: &str) -> (u16, Value) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let request = self.http.get(format!("{}{path}", self.admin)).bearer_auth(&self.token);
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            let body = answer.json().await.expect("JSON");
            // On a machine with much else to do, the first sample may come too late.
            if status != 503 || Instant::now() > deadline {
                return (status, body);
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(path).await;
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    /// Asks until the answer is as wanted.
    async fn until(&self, what: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let body = self.get(path).await;
            if wanted(&body) {
                return body;
            }
            assert!(Instant::now() < deadline, "still not so: {what}: {body:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The texts under `field` of all items, page by page, each page as long as asked for but
    /// for the last, and none twice.
    async fn walk(&self, path: &str, field: &str, limit: usize) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut next = format!("{path}limit={limit}");
        loop {
            let page = self.get(&next).await;
            let items = page["items"].as_array().expect("items");
            let text = |item: &Value| item[field].as_str().expect("a text").to_owned();
            found.extend(items.iter().map(text));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            assert_eq!(items.len(), limit, "{path}: a page in the middle is full");
            next = format!("{path}limit={limit}&cursor={cursor}");
        }
        let once: BTreeSet<&String> = found.iter().collect();
        assert_eq!(once.len(), found.len(), "{path}: something came twice");
        found
    }

    async fn edit(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.world.reads).await.expect("a statement");
    }
}

/// Fails one step with a class.
struct Fails(Step, FailureClass);

impl Faults for Fails {
    fn before(&self, _: &OpenTransfer, step: Step, undo: bool) -> Option<Fault> {
        let failure = Failure::new(self.1, "injected", "Injected by a test.");
        (step == self.0 && !undo).then_some(Fault::Fail(failure))
    }
}

/// One transfer of `amount` between two wallets, written and not begun.
async fn begun(world: &World, ends: [WalletId; 2], amount: i64) -> TransferId {
    world.accept(&[transfer(ends[0], ends[1], amount)]).await[0]
}

/// Runs it once by these rules.
async fn once(world: &World, id: TransferId, rules: &LaneRules) {
    let mut connection = world.hot.acquire().await.expect("a connection");
    lane::advance(&mut connection, rules, &[id], true).await.expect("a group");
}

/// One that is stuck before the pivot, with its hold.
async fn stuck(world: &World, ends: [WalletId; 2], amount: i64) -> TransferId {
    let id = begun(world, ends, amount).await;
    let fails = Fails(Step::PostEntry, FailureClass::Transient);
    world.drive(&rules(Boundaries::Fused, fails), &[id]).await;
    id
}

fn texts(items: &Value, field: &str) -> Vec<String> {
    let items = items.as_array().expect("an array").iter();
    items.map(|item| item[field].as_str().expect("a text").to_owned()).collect()
}
