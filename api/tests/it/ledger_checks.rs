//! Ledger checks that operators ask for.

use domain::operator::OperatorRole;
use reqwest::Method;
use sqlx::Row;

use crate::support::Api;

const QUICK: &str = "/admin/v1/ledger/check";
const FULL: &str = "/admin/v1/ledger/check?mode=full";

#[tokio::test]
async fn a_quick_check_does_not_wait_for_a_full_one() {
    let api = Api::start().await;
    let viewer = api.token("vera", OperatorRole::Viewer).await;
    let ask = async |path| api.as_operator(&viewer, Method::GET, path, "").await.status;
    let mut tx = api.pool.begin().await.unwrap();
    // A full check has to wait for this.
    sqlx::query("LOCK TABLE ONLY transfer").execute(&mut *tx).await.unwrap();
    let quick = async {
        while waiting(&api).await == 0 {}
        let quick = ask(QUICK).await;
        // Somebody else who asks for a full one waits for the first of them, not for the database.
        let leaves = tokio::time::timeout(std::time::Duration::from_millis(100), ask(FULL)).await;
        assert!(leaves.is_err(), "{leaves:?}");
        assert_eq!(waiting(&api).await, 1);
        tx.rollback().await.unwrap();
        quick
    };
    assert_eq!(tokio::join!(ask(FULL), quick), (200, 200));
    assert_eq!(ask(FULL).await, 200);
}

/// Checks of this database that wait for a lock.
async fn waiting(api: &Api) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'holdfast maintenance'
                   AND wait_event_type = 'Lock'";
    sqlx::query(sql).fetch_one(&api.pool).await.unwrap().get(0)
}
