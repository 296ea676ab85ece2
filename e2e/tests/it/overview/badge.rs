//! Whether the money adds up, on every screen.

use serde_json::{Value, json};

use super::{Console, stuck};
use crate::support::World;

/// Once the check is done.
async fn badge(console: &Console) -> Value {
    let checked = |seen: &Value| !seen["conservation"].is_null();
    let seen = console.until("the ledger is checked", "/overview", checked).await;
    seen["conservation"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_turns_it_red_and_says_which_wallet_to_look_at() {
    let world = World::new().await;
    let wallets = world.wallets(3, 1_000).await;
    stuck(&world, [wallets[0], wallets[1]], 300).await;
    let well = Console::at(World::at(world.url.clone())).await;
    let badge_before = badge(&well).await;
    assert_eq!(badge_before["ok"], true, "{badge_before:#}");
    assert_eq!(badge_before["violations"], json!([]));
    assert_eq!(badge_before["rules"].as_array().map(Vec::len), Some(3));
    let total = &badge_before["totals"][0];
    assert_eq!((&total["debits_minor"], &total["credits_minor"]), (&json!("3000"), &json!("3000")));
    assert_eq!((&total["currency"], &total["held_minor"]), (&json!("EUR"), &json!("300")));
    for age in ["age_ms", "duration_ms"] {
        assert!(badge_before[age].as_i64().is_some_and(|ms| ms < 20_000), "{badge_before:#}");
    }
    drop(well);

    // A hold that no transfer has, and money from nowhere.
    let [owing, rich] = [wallets[1], wallets[2]].map(|id| id.to_string());
    for (set, id) in [("debits_pending = 5", wallets[1]), ("credits_posted = 1001", wallets[2])] {
        let sql = format!("UPDATE wallet_balance SET {set} WHERE wallet_id = '{id}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&world.reads).await.expect("a damage");
    }
    let ill = Console::at(World::at(world.url.clone())).await;
    let badge_after = badge(&ill).await;
    assert_eq!((&badge_after["ok"], &badge_after["violation_count"]), (&json!(false), &json!(2)));
    let violations = badge_after["violations"].as_array().expect("violations");
    let of = |rule: &str| {
        let named = |one: &&Value| one["rule"].as_str().is_some_and(|name| name.contains(rule));
        violations.iter().find(named).unwrap_or_else(|| panic!("no {rule}: {badge_after:#}"))
    };
    let hold = of("held money");
    assert_eq!((&hold["wallet_id"], &hold["id"]), (&json!(owing), &json!(owing)));
    let sums = of("debits equal credits");
    assert_eq!((&sums["wallet_id"], &sums["id"]), (&Value::Null, &json!("EUR")));

    // One key away: the wallet with its holds.
    let wallet = ill.get(&format!("/wallets/{owing}")).await;
    assert_eq!(wallet["wallet"]["balance"]["held_minor"], 5);
    assert_eq!(wallet["holds"], json!([]));
    let wallet = ill.get(&format!("/wallets/{rich}")).await;
    assert_eq!(wallet["wallet"]["balance"]["ledger_minor"], 1_001);
}
