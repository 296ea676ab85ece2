use chrono::{DateTime, TimeDelta, Utc};
use domain::group::{Boundaries, NoFaults};
use domain::ids::{TransferId, WalletId};
use domain::transfer::TransferStatus;
use serde_json::{Value, json};
use store::statements::{self, Line};
use store::transfers::{self, LOOKED_AT_FOR_CLIENTS, ListQuery, Transfer};

use super::{Past, monday, older};
use crate::support::process::Process;
use crate::support::{http_client, rules, transfer};

/// A page that is smaller than what a week holds, so that pages begin and end everywhere.
const PAGE: u64 = 3;

/// All that a client can read of the past.
#[derive(Debug, PartialEq)]
struct Told {
    transfers: Vec<Transfer>,
    lists: Vec<Vec<TransferId>>,
    lines: Vec<Vec<Line>>,
    balances: Vec<i64>,
}

#[tokio::test]
async fn every_read_answers_as_before_when_weeks_were_archived_and_the_ledger_stays_clean() {
    let past = Past::new(5).await;
    // Wallet 0 only in the oldest weeks, 1 and 2 in all, 3 in the newest, 4 never.
    let mut ids = past.trade(0, 1).await;
    ids = past.age(3, &ids).await;
    ids.extend(past.trade(1, 2).await);
    ids = past.age(8, &ids).await;
    ids.extend(past.trade(2, 3).await);
    past.world.assert_ledger_clean().await;
    let before = told(&past, &ids).await;
    assert_eq!(before.balances.len(), 5 * 8);

    let first = past.archived(10).await;
    assert_eq!((first.seq, first.transfer_count, first.entry_count), (1, 5, 4));
    assert_eq!((first.posting_count, first.line_count), (8, 3), "two wallets and cash");
    assert_eq!(told(&past, &ids).await, before);
    past.assert_all_clean().await;

    let second = past.archived(7).await;
    assert_eq!((second.seq, second.transfer_count, second.posting_count), (2, 5, 8));
    assert_eq!(second.line_count, 4, "the wallet that nothing was posted to since keeps its line");
    assert_eq!(second.totals["EUR"].debits, second.totals["EUR"].credits);
    assert_eq!(told(&past, &ids).await, before);
    past.assert_all_clean().await;

    let live = "SELECT count(*) FROM transfer";
    assert_eq!(past.world.count(live).await, 5, "only the newest are live");
    past.trade(0, 3).await;
    past.assert_all_clean().await;
}

#[tokio::test]
async fn a_balance_at_an_instant_is_right_around_the_boundary() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    past.archived(8).await;
    let wallet = past.wallets[0];
    for (at, expected) in [
        (monday(12), 0),
        (monday(8) - TimeDelta::microseconds(1), 950),
        (monday(8), 950),
        (Utc::now() - TimeDelta::hours(1), 950),
    ] {
        assert_eq!(balance_at(&past, wallet, at).await, expected, "at {at}");
    }
    past.trade(0, 1).await;
    assert_eq!(balance_at(&past, wallet, monday(1)).await, 950);
    assert_eq!(balance_at(&past, wallet, Utc::now()).await, 1_900);
    past.assert_all_clean().await;
}

#[tokio::test]
async fn a_transfer_that_settled_in_a_later_week_than_it_was_made_in_is_proven_on_both_sides() {
    let past = Past::new(2).await;
    let mut ids = past.trade(0, 1).await;
    let mut late = transfer(past.wallets[0], past.wallets[1], 10);
    late.id = TransferId(older(late.id.0, 3));
    ids.extend(past.world.accept(&[late]).await);
    past.world.drive(&rules(Boundaries::Fused, NoFaults), &ids[5..]).await;
    let ids = past.age(5, &ids).await;
    past.world.assert_ledger_clean().await;
    let before = told(&past, &ids).await;

    // The transfer is archived and its entry is live, then both are archived, with two checkpoints.
    let first = past.archived(7).await;
    assert_eq!((first.transfer_count, first.entry_count, first.line_count), (1, 0, 0));
    assert_eq!(told(&past, &ids).await, before);
    past.assert_all_clean().await;
    let second = past.archived(4).await;
    assert_eq!((second.transfer_count, second.entry_count), (5, 5));
    assert_eq!(told(&past, &ids).await, before);
    past.assert_all_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_see_archived_transfers_and_postings_as_all_others() {
    let past = Past::new(2).await;
    let ids = past.trade(0, 1).await;
    let ids = past.age(9, &ids).await;
    past.archived(8).await;
    let api = Process::api(&past.world.url, "127.0.0.1:0");
    let (http, address) = (http_client(), api.address.clone().expect("an address"));
    let get = async |path: String| -> Value {
        let answer =
            http.get(format!("http://{address}/v1/{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("a body")
    };
    let (wallet, at) = (past.wallets[0], monday(5).format("%Y-%m-%dT00:00:00Z"));
    let one = get(format!("transfers/{}", ids[2])).await;
    assert_eq!((&one["status"], &one["amount_minor"]), (&json!("settled"), &json!(120)));
    assert_eq!(one["steps"].as_array().map(Vec::len), Some(3), "the step log is kept apart");
    let listed = get(format!("transfers?wallet_id={wallet}")).await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(4));
    let lines = get(format!("wallets/{wallet}/postings")).await;
    assert_eq!(lines["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(lines["items"][0]["transfer_id"], json!(ids[3].to_string()));
    let balance = get(format!("wallets/{wallet}/balance?at={at}")).await;
    assert_eq!(balance["ledger_minor"], 950);
}

#[tokio::test]
async fn undoing_the_migration_brings_archived_weeks_back() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    past.archived(8).await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../migration/sql/create_archive_down.sql");
    let down = std::fs::read_to_string(file).expect("a file");
    let mut connection = past.world.reads.acquire().await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(down)).execute(&mut *connection).await.expect("an undo");
    assert_eq!(past.world.count("SELECT count(*) FROM transfer").await, 5);
    assert_eq!(past.world.count("SELECT count(*) FROM posting").await, 8);
    past.trade(0, 1).await;
    let changed = sqlx::query("UPDATE posting SET amount_minor = amount_minor");
    assert_eq!(
        changed.execute(&mut *connection).await.expect("no trigger is left").rows_affected(),
        16
    );
}

pub async fn balance_at(past: &Past, wallet: WalletId, at: DateTime<Utc>) -> i64 {
    let read = statements::ledger_at(&past.world.reads, wallet, at).await.expect("a read");
    read.expect("not in the future").0
}

async fn told(past: &Past, ids: &[TransferId]) -> Told {
    let mut told =
        Told { transfers: Vec::new(), lists: Vec::new(), lines: Vec::new(), balances: Vec::new() };
    for &id in ids {
        told.transfers.push(past.world.transfer(id).await);
    }
    for status in [None, Some(TransferStatus::Settled), Some(TransferStatus::Rejected)] {
        told.lists.push(list(past, None, status).await);
        for &wallet in &past.wallets {
            told.lists.push(list(past, Some(wallet), status).await);
        }
    }
    assert_eq!(told.lists[0].len(), ids.len(), "the list has all");
    for &wallet in &past.wallets {
        told.lines.push(lines(past, wallet).await);
        for weeks_ago in [20, 12, 11, 10, 9, 8, 4, 1] {
            told.balances.push(balance_at(past, wallet, monday(weeks_ago)).await);
        }
    }
    told
}

/// Page by page.
pub async fn list(
    past: &Past,
    wallet: Option<WalletId>,
    status: Option<TransferStatus>,
) -> Vec<TransferId> {
    let mut query = ListQuery {
        wallet,
        status,
        limit: PAGE,
        looked_at_max: LOOKED_AT_FOR_CLIENTS,
        ..ListQuery::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = transfers::list(&past.world.reads, &query).await.expect("a page");
        assert!(page.transfers.len() <= 3);
        ids.extend(page.transfers.iter().map(|one| one.id));
        query.before = page.before;
        if page.before.is_none() {
            assert!(ids.is_sorted_by(|newer, older| newer > older), "newest first, each once");
            return ids;
        }
    }
}

/// Page by page.
pub async fn lines(past: &Past, wallet: WalletId) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    loop {
        let place = all.last().map(Line::place);
        let page = statements::lines(&past.world.reads, wallet, place, PAGE).await;
        let (lines, more) = page.expect("a page");
        all.extend(lines);
        if !more {
            let numbers: Vec<i64> = all.iter().map(|line| line.wallet_seq).collect();
            let count = i64::try_from(all.len()).expect("a count");
            assert_eq!(numbers, (1..=count).rev().collect::<Vec<_>>(), "without a gap");
            return all;
        }
    }
}
