use sqlx::{Executor, PgConnection};
use store::archive::Outcome;
use store::ledger::Mode;

use super::Past;

/// Tables that are put back after each act.
const TABLES: [&str; 7] = [
    "balance_checkpoint",
    "balance_checkpoint_line",
    "wallet_balance",
    "archive.posting",
    "archive.transfer",
    "posting",
    "transfer",
];

/// What somebody with access to the database does, and the rule that tells.
const ACTS: [(Mode, &str, &str); 13] = [
    (
        Mode::Full,
        "UPDATE balance_checkpoint_line SET debits_posted = debits_posted + 5, credits_posted = credits_posted + 5
         WHERE checkpoint_seq = 2",
        "checkpoints are as they were written",
    ),
    (
        Mode::Full,
        "UPDATE balance_checkpoint_line SET balance_minor = balance_minor + 1 WHERE checkpoint_seq = 2",
        "counters equal postings",
    ),
    (
        Mode::Full,
        "DELETE FROM balance_checkpoint_line WHERE checkpoint_seq = 2
         AND wallet_id = (SELECT max(wallet_id::text)::uuid FROM balance_checkpoint_line WHERE checkpoint_seq = 2)",
        "counters equal postings",
    ),
    (
        Mode::Full,
        "UPDATE balance_checkpoint SET posting_count = posting_count - 2 WHERE seq = 2",
        "checkpoints are as they were written",
    ),
    (
        Mode::Full,
        "UPDATE balance_checkpoint SET made_at = made_at + interval '1 second' WHERE seq = 1",
        "checkpoints are as they were written",
    ),
    (Mode::Full, "DELETE FROM balance_checkpoint WHERE seq = 1", "checkpoints are as they were written"),
    (Mode::Full, "DELETE FROM balance_checkpoint WHERE seq = 2", "counters equal postings"),
    (
        Mode::Full,
        "UPDATE wallet_balance SET credits_posted = credits_posted + 1 WHERE wallet_seq > 0 AND normal_side = 'credit'",
        "counters equal postings",
    ),
    (
        Mode::Full,
        "DELETE FROM archive.posting AS p USING balance_checkpoint_line AS c
         WHERE c.checkpoint_seq = 2 AND p.wallet_id = c.wallet_id AND p.wallet_seq = c.wallet_seq",
        "the archive ends as the checkpoint says",
    ),
    (
        Mode::Full,
        "UPDATE transfer SET amount_minor = amount_minor + 1 WHERE status = 'settled'",
        "every entry moves what its transfer says",
    ),
    (
        Mode::Full,
        "UPDATE transfer SET kind = 'reversal', terms = jsonb_build_object(
             'reverses', jsonb_build_object('transfer_id', id, 'moved_minor', amount_minor))
         WHERE status = 'settled'",
        "what reversals took back is counted",
    ),
    (
        Mode::Archive,
        "UPDATE archive.posting SET amount_minor = amount_minor + 1 WHERE wallet_seq = 1",
        "archived postings add up to the checkpoint",
    ),
    (
        Mode::Archive,
        "DELETE FROM archive.transfer WHERE status = 'rejected'",
        "the archive has lost and gained no row",
    ),
];

#[tokio::test]
async fn the_check_tells_when_a_checkpoint_or_what_rests_on_it_was_changed() {
    let past = Past::new(3).await;
    past.trade(0, 1).await;
    past.age(3, &[]).await;
    past.trade(1, 2).await;
    past.age(8, &[]).await;
    past.archived(10).await;
    past.archived(7).await;
    past.trade(0, 2).await;
    past.assert_all_clean().await;

    let mut hand = past.world.reads.acquire().await.expect("a connection");
    for (n, table) in TABLES.iter().enumerate() {
        run(&mut hand, &format!("CREATE TEMP TABLE kept_{n} AS TABLE {table}")).await;
    }
    // Triggers, which stop everybody else, do not stop a superuser.
    run(&mut hand, "SET session_replication_role = replica").await;
    for (mode, act, rule) in ACTS {
        run(&mut hand, act).await;
        let found = past.violations(mode).await;
        assert!(found.iter().any(|one| one.rule == rule), "{act}: {found:#?}");
        for (n, table) in TABLES.iter().enumerate() {
            run(&mut hand, &format!("DELETE FROM {table}")).await;
            run(&mut hand, &format!("INSERT INTO {table} SELECT * FROM kept_{n}")).await;
        }
    }
    past.assert_all_clean().await;
}

#[tokio::test]
async fn weeks_that_do_not_prove_are_not_moved() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    let mut hand = past.world.reads.acquire().await.expect("a connection");
    run(&mut hand, "UPDATE posting SET amount_minor = amount_minor + 1 WHERE wallet_seq = 2").await;
    let outcome = past.archive(8).await.expect("an outcome");
    assert!(matches!(&outcome, Outcome::Broken(found) if found.len() > 1), "{outcome:?}");
    assert_eq!(past.world.count("SELECT count(*) FROM archive.posting").await, 0);
    assert_eq!(past.world.count("SELECT count(*) FROM balance_checkpoint").await, 0);
}

#[tokio::test]
async fn frozen_and_archived_weeks_refuse_every_change() {
    let past = Past::new(2).await;
    past.trade(0, 1).await;
    past.age(9, &[]).await;
    past.archived(8).await;
    let mut hand = past.world.reads.acquire().await.expect("a connection");
    for act in [
        "UPDATE archive.posting SET amount_minor = 1",
        "DELETE FROM archive.transfer",
        "INSERT INTO archive.journal_entry SELECT * FROM archive.journal_entry",
        "TRUNCATE archive.posting",
    ] {
        let refused = hand.execute(act).await.expect_err(act).to_string();
        assert!(refused.contains("is frozen for the archive"), "{act}: {refused}");
    }
    past.assert_all_clean().await;
}

async fn run(connection: &mut PgConnection, sql: &str) {
    let done = connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await;
    assert!(done.is_ok(), "{sql}: {done:?}");
}
