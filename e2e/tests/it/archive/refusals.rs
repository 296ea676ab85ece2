use chrono::TimeDelta;
use store::archive::{self, Outcome, Request};

use super::{Past, monday, request};
use crate::support::transfer;

/// What the request is answered with.
async fn refusal(past: &Past, request: &Request) -> String {
    let outcome = archive::run(&past.world.reads, request, |_| ()).await;
    store::describe(&outcome.expect_err("a refusal"))
}

#[tokio::test]
async fn only_whole_old_weeks_at_rest_are_archived() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(2, &[]).await;

    let midweek = Request { before: monday(1) + TimeDelta::days(2), ..request(1) };
    let sentence = "weeks end on Mondays at 00:00 UTC; the last one up to then is ";
    assert_eq!(refusal(&past, &midweek).await, format!("{sentence}{}", monday(1).date_naive()));
    let young = Request { kept: TimeDelta::days(35), ..request(1) };
    let sentence = "those weeks are too young; the latest Monday that is allowed now is ";
    assert_eq!(refusal(&past, &young).await, format!("{sentence}{}", monday(5).date_naive()));

    sqlx::query("INSERT INTO outbox SELECT id FROM event")
        .execute(&past.world.reads)
        .await
        .unwrap();
    let refused = refusal(&past, &request(1)).await;
    assert!(
        refused.contains("events from before that were not sent yet; start a process"),
        "{refused}"
    );
    sqlx::query("DELETE FROM outbox").execute(&past.world.reads).await.unwrap();

    let open = past.world.accept(&[transfer(past.wallets[0], past.wallets[1], 10)]).await;
    let open = past.age(2, &open).await;
    let refused = refusal(&past, &request(1)).await;
    assert!(refused.starts_with("1 transfers from before that are not at their end"), "{refused}");
    assert!(refused.ends_with(&open[0].to_string()), "{refused}");

    let frozen = "SELECT count(*) FROM pg_trigger WHERE tgname = 'archive_rows_stay'";
    assert_eq!(past.world.count(frozen).await, 0, "nothing was frozen");
    assert_eq!(past.world.count("SELECT count(*) FROM balance_checkpoint").await, 0);
    past.world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_dry_run_proves_and_changes_nothing_and_the_same_weeks_are_archived_once() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    let dry = Request { dry_run: true, ..request(8) };
    let proven = archive::run(&past.world.reads, &dry, |_| ()).await;
    let Ok(Outcome::Done(proven)) = proven else { panic!("not proven: {proven:?}") };
    assert_eq!(past.world.count("SELECT count(*) FROM balance_checkpoint").await, 0);
    let frozen = "SELECT count(*) FROM pg_trigger WHERE tgname = 'archive_rows_stay'";
    assert_eq!(past.world.count(frozen).await, 0, "nothing was frozen");

    let done = past.archived(8).await;
    assert_eq!((done.posting_count, done.line_count), (proven.posting_count, proven.line_count));
    assert_eq!(done.partition_count, proven.partition_count);
    let again = past.archive(8).await;
    assert!(matches!(again, Ok(Outcome::Nothing)), "{again:?}");
    past.assert_all_clean().await;
}
