//! Transfers found by what an operator knows of them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::group::{Boundaries, NoFaults};
use domain::ids::TransferId;
use serde_json::Value;
use store::intake::NewTransfer;
use store::transfers::ListQuery;

use super::{Console, stuck};
use crate::support::{World, rules, transfer};

fn made_at(id: TransferId) -> DateTime<Utc> {
    let ms = i64::try_from(id.0.as_u128() >> 80).expect("48 bits");
    DateTime::from_timestamp_millis(ms).expect("a time")
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_finds_what_fits_it_and_nothing_else() {
    let console = Console::new().await;
    let world = &console.world;
    let wallets = world.wallets(3, 1_000).await;
    let deposits = console.walk("/transfers?kind=deposit&", "id", 2).await;
    assert_eq!(deposits.len(), 3);
    let (ab, bc) = ([wallets[0], wallets[1]], [wallets[1], wallets[2]]);
    let mut commands: Vec<NewTransfer> = Vec::new();
    for turn in 0..7 {
        let [from, to] = if turn % 2 == 0 { ab } else { bc };
        let mut command = transfer(from, to, 10 + turn);
        command.reference = (turn % 3 == 0).then(|| "rent & more".to_owned());
        command.correlation_id = (turn == 4).then(|| "c-4".to_owned());
        commands.push(command);
        // One id a millisecond, so that times tell them apart.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let ids = world.accept(&commands).await;
    world.drive(&rules(Boundaries::Fused, NoFaults), &ids[..6]).await;
    let dead = stuck(world, ab, 300).await;
    let id = |turn: usize| commands[turn].id.to_string();
    let newest_first =
        |turns: &[usize]| turns.iter().rev().map(|&turn| id(turn)).collect::<Vec<_>>();
    let found = async |filter: &str| console.walk(&format!("/transfers?{filter}&"), "id", 2).await;

    let all = console.walk("/transfers?", "id", 3).await;
    assert_eq!(all.len(), 3 + 7 + 1);
    assert!(all.is_sorted_by(|newer, older| newer > older), "newest first");
    assert_eq!(found("reference=rent%20%26%20more").await, newest_first(&[0, 3, 6]));
    assert_eq!(found("correlation_id=c-4").await, [id(4)]);
    assert_eq!(found("status=stuck").await, [dead.to_string()]);
    assert_eq!(found("status=stuck&kind=deposit").await, [""; 0]);
    assert_eq!(found("status=accepted").await, [id(6)]);
    let of_a = found(&format!("wallet_id={}&kind=transfer&status=settled", wallets[0])).await;
    let of_c = found(&format!("wallet_id={}&kind=transfer", wallets[2])).await;
    assert_eq!(of_c, newest_first(&[1, 3, 5]));
    assert_eq!(of_a, newest_first(&[0, 2, 4]));

    let (from, to) = (made_at(commands[2].id), made_at(commands[5].id));
    let between = |from: DateTime<Utc>, to| format!("from={}&to={}", text(from), text(to));
    assert_eq!(found(&between(from, to)).await, newest_first(&[2, 3, 4]));
    let late = from + TimeDelta::microseconds(1);
    assert_eq!(found(&between(late, to)).await, newest_first(&[3, 4]));
    let of_b = format!("wallet_id={}&{}", wallets[1], between(from, to));
    assert_eq!(found(&of_b).await, newest_first(&[2, 3, 4]));

    // Keys belong to who sent them.
    let by_key = async |rest: &str| -> Vec<Value> {
        let page = console.get(&format!("/transfers?idempotency_key={}{rest}", id(3))).await;
        assert_eq!(page["next_cursor"], Value::Null);
        page["items"].as_array().expect("items").clone()
    };
    let mine = by_key("&caller=test").await;
    assert_eq!((mine.len(), mine[0]["id"].as_str()), (1, Some(id(3).as_str())));
    assert_eq!((mine[0]["amount_minor"].as_i64(), mine[0].get("steps")), (Some(13), None));
    assert_eq!(by_key("").await.len(), 0, "nobody's without a caller but ours");
    assert_eq!(by_key("&caller=test&status=stuck").await.len(), 0);
    assert_eq!(by_key("&caller=test&reference=rent%20%26%20more").await.len(), 1);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_rare_transfer_is_found_in_short_looks_that_go_on_where_the_last_ended() {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000).await;
    let mut commands: Vec<NewTransfer> =
        (1..=20).map(|amount| transfer(wallets[0], wallets[1], amount)).collect();
    for rare in [2, 17] {
        commands[rare].correlation_id = Some("c-rare".to_owned());
    }
    world.accept(&commands).await;
    for wallet in [None, Some(wallets[0])] {
        let correlation_id = Some("c-rare".to_owned());
        let mut query = ListQuery {
            wallet,
            correlation_id,
            limit: 5,
            looked_at_max: 4,
            ..ListQuery::default()
        };
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let page = store::transfers::list(&world.reads, &query).await.expect("a page");
            found.extend(page.transfers.iter().map(|one| one.id));
            pages += 1;
            let Some(before) = page.before else { break };
            assert!(query.before.is_none_or(|last| before < last), "the looks go on");
            query.before = Some(before);
        }
        assert_eq!(found, [commands[17].id, commands[2].id]);
        assert!(pages > 4, "{pages} pages");
    }
}
