//! Wallets as operators see them.

use chrono::{SecondsFormat, Utc};
use domain::group::{Boundaries, NoFaults};
use domain::money::Currency;
use domain::wallet::{SystemRole, system_wallet_id};
use serde_json::{Value, json};
use store::wallets::{Change, ListQuery, NewWallet, Origin};
use uuid::Uuid;

use super::{Console, begun, stuck};
use crate::support::{World, rules};

async fn open(world: &World, owner_id: &str, currency: &str, label: Option<&str>) -> String {
    let currency: Currency = currency.parse().expect("a currency");
    let new = NewWallet {
        id: domain::ids::WalletId(Uuid::now_v7()),
        caller: "test".to_owned(),
        owner_id: owner_id.to_owned(),
        currency,
        label: label.map(ToOwned::to_owned),
        metadata: None,
        key: None,
    };
    store::wallets::open(&world.reads, &new, &Origin::default()).await.expect("a wallet");
    new.id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_are_found_by_owner_kind_label_currency_and_status() {
    let console = Console::new().await;
    let world = &console.world;
    let mut eur = Vec::new();
    for owner in ["ann", "bob", "ann", "ann"] {
        eur.push(open(world, owner, "EUR", (owner == "bob").then_some("rent")).await);
    }
    let usd = open(world, "ann", "USD", Some("rent")).await;
    let frozen = eur[2].parse().expect("an id");
    let origin = Origin::default();
    store::wallets::change(&world.reads, frozen, Change::Freeze, "a test", &origin)
        .await
        .expect("a frozen wallet");

    let found = async |filter: &str| console.walk(&format!("/wallets?{filter}&"), "id", 2).await;
    let of = |places: &[usize]| places.iter().map(|&at| eur[at].clone()).collect::<Vec<_>>();
    assert_eq!(found("owner_id=ann&currency=EUR").await, of(&[3, 2, 0]));
    assert_eq!(found("label=rent").await, [usd.clone(), eur[1].clone()]);
    assert_eq!(found("status=frozen").await, of(&[2]));
    assert_eq!(found("status=frozen&currency=USD").await, [""; 0]);
    assert_eq!(found("kind=customer").await.len(), 5);
    assert_eq!(found("kind=system&currency=USD").await.len(), 16, "the shards of the cash");
    let all = found("").await;
    assert_eq!((all.len(), &all[0]), (5 + 2 * 16, &usd), "ours come last");

    // In short looks, each of which goes on where the last ended.
    let currency = Some("USD".parse().expect("a currency"));
    let mut query = ListQuery { currency, limit: 9, looked_at_max: 3, ..ListQuery::default() };
    let (mut found, mut pages) = (0, 0);
    loop {
        let page = store::wallets::list(&world.reads, &query).await.expect("a page");
        (found, pages) = (found + page.wallets.len(), pages + 1);
        query.before = page.before;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (1 + 16, 37_usize.div_ceil(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_shown_with_what_holds_its_money_and_as_it_was() {
    let console = Console::new().await;
    let world = &console.world;
    let wallets = world.wallets(2, 1_000).await;
    let ends = [wallets[0], wallets[1]];
    let before = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let settled = begun(world, ends, 100).await;
    world.drive(&rules(Boundaries::Fused, NoFaults), &[settled]).await;
    let first = stuck(world, ends, 300).await;
    let second = stuck(world, ends, 50).await;

    let path = format!("/wallets/{}", wallets[0]);
    let seen = console.get(&path).await;
    let balance = json!({ "ledger_minor": 900, "available_minor": 550, "held_minor": 350 });
    assert_eq!(seen["wallet"]["balance"], balance);
    assert_eq!(
        (&seen["kind"], &seen["role"], &seen["floor_minor"]),
        (&json!("customer"), &Value::Null, &json!(0))
    );
    assert_eq!((&seen["posting_count"], &seen["more_holds"]), (&json!(2), &json!(false)));
    let holds = seen["holds"].as_array().expect("holds");
    assert_eq!(holds.len(), 2);
    for (hold, (id, held)) in holds.iter().zip([(first, 300), (second, 50)]) {
        assert_eq!((&hold["transfer_id"], &hold["held_minor"]), (&json!(id), &json!(held)));
        assert_eq!((&hold["step"], &hold["undo"]), (&json!("post_entry"), &json!(false)));
        assert_eq!(hold["parked_reason"], "attempts_used_up");
        assert_eq!(hold["destination_wallet_id"], json!(wallets[1]));
    }
    assert_eq!(seen["then"], Value::Null);
    let then = &console.get(&format!("{path}?at={before}")).await["then"];
    assert_eq!((&then["ledger_minor"], &then["held_minor"]), (&json!(1_000), &Value::Null));
    let (status, problem) = console.ask(&format!("{path}?at=2999-01-01T00:00:00Z")).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!("at")));

    let lines = console.walk(&format!("{path}/postings?"), "transfer_id", 1).await;
    assert_eq!((lines.len(), &lines[0]), (2, &settled.to_string()));
    let cash = system_wallet_id(SystemRole::Cash, crate::support::eur(), 0);
    let seen = console.get(&format!("/wallets/{cash}")).await;
    assert_eq!(
        (&seen["kind"], &seen["role"], &seen["shard"], &seen["floor_minor"]),
        (&json!("system"), &json!("cash"), &json!(0), &Value::Null)
    );
    assert_eq!(seen["wallet"]["balance"]["ledger_minor"], 2_000);
    let lines = console.walk(&format!("/wallets/{cash}/postings?"), "transfer_id", 1).await;
    assert_eq!(lines.len(), 2, "both deposits");
    world.assert_ledger_clean().await;
}
