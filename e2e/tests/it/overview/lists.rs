//! Who may look, what is said of a wrong question, and the outbox.

use domain::job::Queue;
use domain::operator::OperatorRole;
use domain::switch::Switch;
use serde_json::{Value, json};
use store::operators::Operator;
use store::switches;

use super::{Console, stuck, texts};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_look_may_read_all_of_it_and_a_wrong_filter_is_named() {
    let console = Console::new().await;
    let wallet = console.world.wallets(1, 10).await[0];
    let one = format!("/wallets/{wallet}");
    let of_one = format!("{one}/postings");
    for path in [
        "/overview",
        "/incidents",
        "/outbox",
        "/transfers",
        "/wallets",
        one.as_str(),
        of_one.as_str(),
    ] {
        let (status, body) = console.ask(path).await;
        assert_eq!(status, 200, "{path}: {body:#}");
        let (status, problem) = console.ask(&format!("{path}?colour=red")).await;
        assert_eq!((status, &problem["code"]), (400, &json!("invalid_parameter")), "{path}");
        assert_eq!(problem["errors"][0]["field"], "colour", "{path}");
        let stranger = console.api.http.get(format!("{}{path}", console.api.address)).send().await;
        assert_eq!(stranger.expect("an answer").status().as_u16(), 401, "{path}");
    }
    for (path, field) in [
        ("/transfers?status=done", "status"),
        ("/transfers?kind=gift", "kind"),
        ("/transfers?from=yesterday", "from"),
        ("/transfers?wallet_id=7", "wallet_id"),
        ("/transfers?caller=dev", "caller"),
        ("/transfers?cursor=x", "cursor"),
        ("/wallets?status=rich", "status"),
        ("/wallets?currency=euro", "currency"),
        ("/wallets?kind=ours", "kind"),
        ("/outbox?limit=201", "limit"),
    ] {
        let (status, problem) = console.ask(path).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (400, &json!(field)), "{path}");
    }
    let (status, problem) = console.ask("/wallets/01a1fbb4-2655-75eb-986a-09c3fb00afa6").await;
    assert_eq!((status, &problem["code"]), (404, &json!("wallet_not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_outbox_comes_oldest_first() {
    let console = Console::new().await;
    let empty = console.get("/outbox").await;
    assert_eq!(
        empty,
        json!({ "items": [], "next_cursor": null, "event_count": 0, "oldest_ms": null, "paused": false })
    );
    let world = &console.world;
    let wallets = world.wallets(4, 1_000).await;
    let id = stuck(world, [wallets[0], wallets[1]], 300).await;
    let ids = "SELECT event_id::text FROM outbox ORDER BY event_id";
    let all: Vec<String> = sqlx::query_scalar(ids).fetch_all(&world.reads).await.expect("ids");
    assert_eq!(all.len(), 4 + 4 + 1);
    assert_eq!(console.walk("/outbox?", "event_id", 2).await, all);

    let page = console.get("/outbox").await;
    assert_eq!(page["event_count"], 9);
    let items = page["items"].as_array().expect("items");
    assert_eq!(
        (&items[0]["event_type"], &items[0]["wallet_id"]),
        (&json!("wallet.opened.v1"), &json!(wallets[0]))
    );
    assert_eq!(
        (&items[8]["event_type"], &items[8]["transfer_id"]),
        (&json!("transfer.stuck.v1"), &json!(id))
    );
    let ages: Vec<i64> = items.iter().filter_map(|item| item["age_ms"].as_i64()).collect();
    assert!(ages.len() == 9 && ages.is_sorted_by(|older, newer| older >= newer), "{ages:?}");
    assert!(page["oldest_ms"].as_i64().is_some_and(|age| age >= ages[8]));

    // The log may have lost one; it still holds its row.
    console.edit("DELETE FROM event WHERE type = 'transfer.stuck.v1'").await;
    let lost = &console.get("/outbox").await["items"][8];
    assert_eq!((&lost["event_type"], &lost["event_id"]), (&Value::Null, &json!(all[8])));
    let olga = Operator { name: "olga".to_owned(), role: OperatorRole::Operator };
    let pause = Switch::PauseQueue(Queue::Outbox);
    switches::set(&world.reads, &olga, pause, true, "a test").await.expect("a turned switch");
    console.until("the pause is known", "/outbox", |page| page["paused"] == true).await;
    assert_eq!(texts(&console.get("/outbox?limit=1").await["items"], "event_id"), all[..1]);
}
