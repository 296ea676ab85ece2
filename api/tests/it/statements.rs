//! Statements and balances, on postings that the saga worker would write.

use serde_json::json;

use crate::support::Api;

/// Twenty-five postings of 100 each, one a minute from `2020-01-01T00:01:00Z` on, into
/// a wallet that was opened the day before; two of them in one instant.
async fn with_postings(api: &Api) -> String {
    let id = "016f5591-1c00-7000-8000-00000000000a";
    api.sql(&format!(
        "INSERT INTO wallet (id, owner_id, kind, currency, created_at)
         VALUES ('{id}', 'alice', 'customer', 'EUR', '2019-12-30T12:00:00Z');
         INSERT INTO wallet_balance (wallet_id, currency, normal_side, credits_posted, debits_pending, wallet_seq, last_posted_at)
         VALUES ('{id}', 'EUR', 'credit', 2500, 300, 25, '2020-01-01T00:24:00Z');
         CREATE TEMP TABLE line ON COMMIT DROP AS
         SELECT n, at, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
                        || '7000' || '8000' || lpad(n::text, 12, '0'))::uuid AS entry_id
         FROM (SELECT n, '2020-01-01T00:00:00Z'::timestamptz + least(n, 24) * interval '1 minute' AS at
               FROM generate_series(1, 25) AS n) AS numbered;
         INSERT INTO journal_entry (id, transfer_id, posted_at, effective_at)
         SELECT entry_id, entry_id, at, at FROM line;
         INSERT INTO posting (wallet_id, posted_at, wallet_seq, entry_id, side, amount_minor, currency, balance_after_minor)
         SELECT '{id}', at, n, entry_id, 'credit', 100, 'EUR', n * 100 FROM line;"
    ))
    .await;
    id.to_owned()
}

#[tokio::test]
async fn a_statement_runs_backwards_page_by_page() {
    let api = Api::start().await;
    let id = with_postings(&api).await;
    let mut seqs = Vec::new();
    let mut lengths = Vec::new();
    let mut path = format!("/v1/wallets/{id}/postings?limit=10");
    loop {
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.body["items"].as_array().unwrap();
        lengths.push(items.len());
        for item in items {
            let seq = item["wallet_seq"].as_i64().unwrap();
            assert_eq!(item["balance_after_minor"], seq * 100);
            seqs.push(seq);
        }
        let Some(cursor) = answer.body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/wallets/{id}/postings?limit=10&cursor={cursor}");
    }
    assert_eq!(lengths, [10, 10, 5]);
    assert_eq!(seqs, (1..=25).rev().collect::<Vec<i64>>());
    // A cursor between the two postings of one instant.
    let answer = api.get(&format!("/v1/wallets/{id}/postings?limit=1")).await;
    let cursor = answer.text("/next_cursor");
    let next = api.get(&format!("/v1/wallets/{id}/postings?limit=1&cursor={cursor}")).await;
    let entry = next.body["items"][0]["entry_id"].clone();
    assert_eq!(
        next.body["items"][0],
        json!({
            "wallet_seq": 24, "posted_at": "2020-01-01T00:24:00Z", "entry_id": entry, "transfer_id": entry,
            "side": "credit", "amount_minor": 100, "currency": "EUR", "balance_after_minor": 2400,
        })
    );
}

#[tokio::test]
async fn a_balance_is_known_for_every_instant() {
    let api = Api::start().await;
    let id = with_postings(&api).await;
    for (at, ledger) in [
        ("2019-12-31T00:00:00Z", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("0000-01-01T00:00:00Z", 0),
        ("2020-01-01T00:00:59.999999Z", 0),
        ("2020-01-01T00:01:00Z", 100),
        ("2020-01-01T01:05:30%2B01:00", 500),
        ("2020-01-01T00:23:59Z", 2300),
        // Two postings in this instant: the later one counts.
        ("2020-01-01T00:24:00Z", 2500),
        ("2024-06-01T00:00:00Z", 2500),
    ] {
        let answer = api.get(&format!("/v1/wallets/{id}/balance?at={at}")).await;
        assert_eq!(
            (answer.status, &answer.body["ledger_minor"]),
            (200, &json!(ledger)),
            "{at}: {answer:?}"
        );
        assert_eq!(
            (&answer.body["available_minor"], &answer.body["held_minor"]),
            (&json!(null), &json!(null))
        );
    }
    let answer = api.get(&format!("/v1/wallets/{id}/balance")).await;
    assert_eq!(answer.body["ledger_minor"], 2500);
    assert_eq!(answer.body["available_minor"], 2200);
    assert_eq!(answer.body["held_minor"], 300);
    assert_eq!((answer.text("/wallet_id"), answer.text("/currency")), (id.as_str(), "EUR"));
    let age = chrono::Utc::now()
        - answer.text("/as_of").parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert!(age.num_seconds().abs() < 60);
}

#[tokio::test]
async fn a_new_wallet_has_an_empty_statement() {
    let api = Api::start().await;
    let id = api.wallet("alice", "EUR").await;
    let answer = api.get(&format!("/v1/wallets/{id}/postings")).await;
    assert_eq!(answer.body, json!({ "items": [], "next_cursor": null }));
    assert_eq!(answer.header("holdfast-as-of"), None);
}
