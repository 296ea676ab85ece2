//! Lists, page by page.

use api::Config;
use embedded::testing::TestDatabase;
use serde_json::Value;

use crate::support::{Api, config};

/// Ids of all items, page by page.
async fn pages(api: &Api, path: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = path.to_owned();
    loop {
        let answer = api.get(&next).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.body["items"].as_array().unwrap();
        pages.push(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect());
        assert!(pages.len() < 20, "{path} does not end");
        match &answer.body["next_cursor"] {
            Value::String(cursor) => next = format!("{path}&cursor={cursor}"),
            _ => return pages,
        }
    }
}

fn lengths(pages: &[Vec<String>]) -> Vec<usize> {
    pages.iter().map(Vec::len).collect()
}

#[tokio::test]
async fn wallets_of_an_owner_come_newest_first_and_ours_never() {
    let api = Api::start().await;
    let mut opened = Vec::new();
    for _ in 0..25 {
        opened.push(api.wallet("alice", "EUR").await);
    }
    api.wallet("bob", "EUR").await;
    opened.reverse();
    let found = pages(&api, "/v1/wallets?owner_id=alice&limit=10").await;
    assert_eq!(lengths(&found), [10, 10, 5]);
    assert_eq!(found.concat(), opened);
    assert_eq!(pages(&api, "/v1/wallets?limit=100").await.concat().len(), 26);
    assert_eq!(pages(&api, "/v1/wallets?owner_id=system&limit=1").await.concat().len(), 0);
    assert_eq!(lengths(&pages(&api, "/v1/wallets?owner_id=alice&limit=25").await), [25]);
}

#[tokio::test]
async fn transfers_are_listed_by_wallet_and_status() {
    let api = Api::start().await;
    let [alice, bob, carol] = [
        api.wallet("alice", "EUR").await,
        api.wallet("bob", "EUR").await,
        api.wallet("carol", "EUR").await,
    ];
    let mut of_alice = Vec::new();
    for turn in 0..25 {
        let (source, destination) = if turn % 2 == 0 { (&alice, &bob) } else { (&bob, &alice) };
        let answer = api.transfer(source, destination, 1 + turn).await;
        of_alice.push(answer.text("/id").to_owned());
    }
    let other = api.transfer(&bob, &carol, 1).await.text("/id").to_owned();
    of_alice.reverse();

    let found = pages(&api, &format!("/v1/transfers?wallet_id={alice}&limit=10")).await;
    assert_eq!(lengths(&found), [10, 10, 5]);
    assert_eq!(found.concat(), of_alice);
    assert_eq!(
        pages(&api, &format!("/v1/transfers?wallet_id={carol}&limit=10")).await.concat(),
        std::slice::from_ref(&other)
    );
    let all = pages(&api, "/v1/transfers?limit=20").await;
    assert_eq!((lengths(&all), all[0][0].as_str()), (vec![20, 6], other.as_str()));

    api.sql(&format!("UPDATE transfer SET status = 'held' WHERE source_wallet_id = '{alice}'"))
        .await;
    let held = pages(&api, &format!("/v1/transfers?wallet_id={alice}&status=held&limit=10")).await;
    assert_eq!(lengths(&held), [10, 3]);
    let accepted =
        pages(&api, &format!("/v1/transfers?wallet_id={alice}&status=accepted&limit=10")).await;
    assert_eq!(lengths(&accepted), [10, 2]);
    assert_eq!(pages(&api, "/v1/transfers?status=settled&limit=10").await.concat().len(), 0);
    // A list has no timelines.
    let answer = api.get("/v1/transfers?limit=1").await;
    assert_eq!(answer.body["items"][0].get("steps"), None);
}

#[tokio::test]
async fn a_rare_status_is_found_without_looking_at_everything_at_once() {
    let api = Api::start().await;
    let (alice, bob) = (api.wallet("alice", "EUR").await, api.wallet("bob", "EUR").await);
    let first = api.transfer(&alice, &bob, 1).await.text("/id").to_owned();
    api.sql("UPDATE transfer SET status = 'held'").await;
    // 12,000 newer ones of both ends, one id a millisecond.
    api.sql(&format!(
        "INSERT INTO transfer (id, kind, status, caller, source_wallet_id, destination_wallet_id, amount_minor, currency)
         SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + n), 12, '0') || '70008000000000000000')::uuid,
                'transfer', 'accepted', 'dev', CASE n % 2 WHEN 0 THEN '{alice}' ELSE '{bob}' END::uuid,
                CASE n % 2 WHEN 0 THEN '{bob}' ELSE '{alice}' END::uuid, 1, 'EUR'
         FROM generate_series(1, 12000) AS n"
    ))
    .await;
    for path in [
        format!("/v1/transfers?wallet_id={alice}&status=held&limit=10"),
        "/v1/transfers?status=held&limit=10".to_owned(),
    ] {
        let found = pages(&api, &path).await;
        assert_eq!(found.concat(), std::slice::from_ref(&first), "{path}");
        assert!(found.len() > 1, "{path}: the first page ends early");
    }
}

#[tokio::test]
async fn lists_come_from_a_fresh_replica_and_say_so() {
    let db = TestDatabase::create().await.unwrap();
    let config = Config { replica: Some(db.url().into()), ..config(db.url()) };
    let api = Api::start_with(config).await;
    let alice = api.wallet("alice", "EUR").await;
    // The sampler's first answer takes a moment.
    let mut as_of = None;
    for _ in 0..100 {
        as_of =
            api.get("/v1/wallets?limit=1").await.header("holdfast-as-of").map(ToOwned::to_owned);
        if as_of.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let as_of: chrono::DateTime<chrono::Utc> = as_of.unwrap().parse().unwrap();
    assert!((chrono::Utc::now() - as_of).num_milliseconds() < 1500);
    let answer = api.get(&format!("/v1/wallets/{alice}/postings")).await;
    assert!(answer.header("holdfast-as-of").is_some());
    // By id: always the writer, which is never behind.
    assert_eq!(api.get(&format!("/v1/wallets/{alice}")).await.header("holdfast-as-of"), None);
}
