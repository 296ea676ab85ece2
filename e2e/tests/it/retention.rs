//! Old weeks of the logs are dropped, and nothing else is.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::TransferId;
use embedded::sqs::Endpoint;
use jobs::replay::{Request, replay};
use store::replay::Range;
use store::retention::{Log, Outcome, drop_oldest_week, events_kept_since};
use store::transfers;

use crate::archive::{Past, monday};
use crate::support::process::Process;
use crate::support::sqs::Sqs;
use crate::support::transfer;

const WEEK: Duration = Duration::from_hours(7 * 24);

/// Drops as the keeper does; returns the names and what held it up at last.
async fn drop_weeks(past: &Past, log: Log, kept: Duration) -> (Vec<String>, Outcome) {
    let mut connection = past.world.reads.acquire().await.expect("a connection");
    let mut dropped = Vec::new();
    loop {
        match drop_oldest_week(&mut connection, log, kept).await.expect("a drop") {
            Outcome::Dropped(week) => dropped.push(week),
            end => return (dropped, end),
        }
    }
}

#[tokio::test]
async fn weeks_of_the_logs_that_are_old_enough_are_dropped_and_the_ledger_stays_clean() {
    let past = Past::new(2).await;
    let old = past.trade(0, 1).await;
    let old = past.age(5, &old).await;
    let young = past.trade(1, 0).await;
    let ids = past.age(4, &[old, young].concat()).await;
    assert_eq!(events_kept_since(&past.world.reads).await.expect("a read"), None);

    for log in [Log::Event, Log::Step] {
        // The oldest kept week is the one that ended six weeks ago at most.
        let (dropped, end) = drop_weeks(&past, log, 6 * WEEK).await;
        assert_eq!((dropped.len(), end), (14, Outcome::Nothing), "{log:?}: {dropped:?}");
    }
    let since = events_kept_since(&past.world.reads).await.expect("a read");
    assert_eq!(since, Some(monday(6)));
    let steps = |id: TransferId| transfers::steps(&past.world.reads, id);
    assert!(steps(ids[0]).await.expect("a read").is_empty(), "of a dropped week");
    assert_eq!(steps(ids[5]).await.expect("a read").len(), 3, "of a kept week");
    assert_eq!(past.world.transfer(ids[0]).await.id, ids[0], "transfers stay");
    past.assert_all_clean().await;

    past.archived(3).await;
    past.assert_all_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_drops_old_weeks_by_itself_for_as_long_as_its_variables_say() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    let variables =
        [("HOLDFAST_ROLES", "sagas"), ("HOLDFAST_EVENT_DAYS", "14"), ("HOLDFAST_STEP_DAYS", "0")];
    let worker = Process::jobs(&past.world.url, &variables);
    let gone = "SELECT count(*) = 0 FROM weeks_of('event')
        WHERE uuid_v7_time(upper) <= now() - interval '14 days'";
    past.world.wait_until("old weeks of events are dropped", gone).await;
    assert!(worker.stop(), "it ends well");
    let kept = "SELECT count(*) FROM weeks_of('saga_step') WHERE uuid_v7_time(upper) < now()";
    assert_eq!(past.world.count(kept).await, 20, "steps are kept for ever");
    past.assert_all_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_dropped_weeks_says_where_the_log_begins() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    past.trade(0, 1).await;
    drop_weeks(&past, Log::Event, 2 * WEEK).await;
    let endpoint = Endpoint::start(None).await.expect("an endpoint");
    let (url, begin) = (endpoint.url(), monday(2));
    let variables = [("DATABASE_URL", past.world.url.as_str()), ("SQS_ENDPOINT_URL", &url)];
    let look_up =
        |name: &str| variables.iter().find(|one| one.0 == name).map(|one| one.1.to_owned());
    let config = jobs::Config::from_lookup(look_up).expect("a configuration");
    Sqs::at(url.clone()).create_pair("again", 30, 3).await;
    let from = |from: DateTime<Utc>| Request {
        queue: "again".to_owned(),
        range: Range { from, to: Utc::now(), event_type: None },
    };
    let refused = replay(&config, &from(begin - TimeDelta::seconds(1)), |_| {}).await;
    let begin_text = begin.format("%Y-%m-%dT00:00:00Z");
    assert_eq!(
        refused.expect_err("a refusal").to_string(),
        format!(
            "the event log begins at {begin_text}, because older weeks were dropped (HOLDFAST_EVENT_DAYS says how \
             long they are kept); begin with --from {begin_text}"
        )
    );
    let sent = replay(&config, &from(begin), |_| {}).await.expect("a replay");
    assert_eq!(sent, 5, "four settled, one rejected");
}

#[tokio::test]
async fn a_week_with_an_open_transfer_or_an_unsent_event_stays_and_so_do_younger_ones() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.world.accept(&[transfer(past.wallets[0], past.wallets[1], 10)]).await;
    past.age(9, &[]).await;
    let (_, end) = drop_weeks(&past, Log::Step, WEEK).await;
    assert!(matches!(end, Outcome::Held { open_count: 1, unsent_count: 0, .. }), "{end:?}");
    sqlx::query("INSERT INTO outbox SELECT id FROM event WHERE type = 'transfer.settled.v1'")
        .execute(&past.world.reads)
        .await
        .expect("unsent events");
    let (_, end) = drop_weeks(&past, Log::Event, WEEK).await;
    assert!(matches!(end, Outcome::Held { open_count: 1, unsent_count: 4, .. }), "{end:?}");
    assert_eq!(
        past.world
            .count("SELECT count(*) FROM outbox AS o JOIN event AS e ON e.id = o.event_id")
            .await,
        4
    );
    past.world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_event_that_is_missing_from_a_kept_week_is_still_told() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    past.trade(0, 1).await;
    drop_weeks(&past, Log::Event, 2 * WEEK).await;
    past.world.assert_ledger_clean().await;
    sqlx::query("DELETE FROM event WHERE type = 'transfer.settled.v1'")
        .execute(&past.world.reads)
        .await
        .expect("a loss");
    let found = past.violations(store::ledger::Mode::Full).await;
    assert_eq!(found.len(), 4, "the new transfers only: {found:#?}");
}
