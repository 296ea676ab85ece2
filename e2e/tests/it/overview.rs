//! What operators see of a running system: the overview and the lists behind it.

use std::collections::BTreeSet;

use domain::failure::{Failure, FailureClass};
use domain::group::{Boundaries, Fault, Faults, OpenTransfer};
use domain::ids::{TransferId, WalletId};
use domain::operator::OperatorRole;
use domain::saga::Step;
use serde_json::Value;
use store::lane::{self, LaneRules};

use crate::support::admin::Admin;
use crate::support::{World, rules, transfer};

mod badge;
mod lists;
mod sampler;
mod states;
mod transfers;
mod wallets;

/// A world with an operator API, and somebody who may only look.
struct Console {
    world: World,
    api: Admin,
}

impl Console {
    async fn new() -> Self {
        Self::at(World::new().await).await
    }

    /// On a database that is there.
    async fn at(world: World) -> Self {
        let api = Admin::start(&world, "vera", OperatorRole::Viewer).await;
        Self { world, api }
    }

    async fn ask(&self, path: &str) -> (u16, Value) {
        self.api.read(path).await
    }

    async fn get(&self, path: &str) -> Value {
        self.api.get(path).await
    }

    async fn until(&self, what: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.api.until(what, path, wanted).await
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
