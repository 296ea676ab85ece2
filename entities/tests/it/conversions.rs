//! Rows and what they mean in the domain.

use domain::failure::FailureClass;
use domain::group::{LogLine, OpenTransfer};
use domain::money::MinorUnits;
use domain::saga::Step;
use domain::transfer::TransferStatus;
use domain::wallet::HotWallet;
use embedded::testing::TestDatabase;
use entities::{saga_open, saga_step, transfer, wallet, wallet_balance};
use sea_orm::{Database, DatabaseConnection, EntityTrait};
use sqlx::{Connection, PgConnection};

const ROWS: &str = "
    INSERT INTO wallet (id, owner_id, kind, currency)
    VALUES ('00000000-0000-7000-8000-00000000000a', 'alice', 'customer', 'EUR');
    INSERT INTO wallet_balance (wallet_id, currency, normal_side, credits_posted, debits_pending, wallet_seq, last_posted_at)
    VALUES ('00000000-0000-7000-8000-00000000000a', 'EUR', 'credit', 500, 200, 1, now());
    INSERT INTO transfer (id, kind, status, caller, source_wallet_id, destination_wallet_id,
                          amount_minor, currency, failure_class, failure_code, failure_detail)
    VALUES ('00000000-0000-7000-8000-00000000000c', 'transfer', 'rejected', 'dev',
            '00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b',
            200, 'EUR', 'rejected', 'source_frozen', 'The source wallet is frozen and may not send.');
    INSERT INTO saga_open (transfer_id, kind, source_wallet_id, destination_wallet_id, amount_minor,
                           currency, step, attempt, hold_minor, log_seq, undo, undo_class, undo_code)
    VALUES ('00000000-0000-7000-8000-00000000000c', 'transfer',
            '00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b',
            200, 'EUR', 'place_hold', 2, 200, 3, true, 'permanent', 'provider_gone');
    INSERT INTO saga_step (transfer_id, seq, step, undo, attempt, outcome, failure_code, at)
    VALUES ('00000000-0000-7000-8000-00000000000c', 1, 'screen', false, 1, 'transient', 'time_out', now());
";

async fn with_rows() -> DatabaseConnection {
    let db = TestDatabase::create().await.unwrap();
    let mut connection = PgConnection::connect(db.url()).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut connection).await.unwrap();
    Database::connect(db.url()).await.unwrap()
}

#[tokio::test]
async fn rows_mean_what_the_domain_says() {
    let db = with_rows().await;

    let (cold, hot) = wallet::Entity::find()
        .find_also_related(wallet_balance::Entity)
        .one(&db)
        .await
        .unwrap()
        .unwrap();
    let hot = HotWallet::try_from(&hot.unwrap()).unwrap();
    assert_eq!(cold.currency().unwrap(), hot.currency);
    assert_eq!(hot.balances.available(hot.normal_side).unwrap(), MinorUnits(300));
    assert_eq!(cold.role().unwrap(), None);

    let row = transfer::Entity::find().one(&db).await.unwrap().unwrap();
    assert_eq!(row.status().unwrap(), TransferStatus::Rejected);
    assert_eq!(row.failure().unwrap().unwrap().code, "source_frozen");

    let row = saga_open::Entity::find().one(&db).await.unwrap().unwrap();
    let open = OpenTransfer::try_from(&row).unwrap();
    assert_eq!((open.step, open.attempt, open.log_seq), (Step::PlaceHold, 2, 3));
    assert_eq!(open.hold, MinorUnits(200));
    assert_eq!(open.undo_of.unwrap().class, FailureClass::Permanent);
    assert_eq!(row.parked_reason().unwrap(), None);

    let row = saga_step::Entity::find().one(&db).await.unwrap().unwrap();
    let line = LogLine::try_from(&row).unwrap();
    assert_eq!(line.failure.unwrap().class, FailureClass::Transient);
}

#[test]
fn a_word_that_the_domain_does_not_know_names_its_column() {
    let row = saga_step::Model {
        transfer_id: sea_orm::prelude::Uuid::nil(),
        seq: 1,
        step: "dance".to_owned(),
        undo: false,
        attempt: 1,
        outcome: "succeeded".to_owned(),
        failure_code: None,
        failure_detail: None,
        at: sea_orm::prelude::DateTimeUtc::UNIX_EPOCH,
    };
    let error = LogLine::try_from(&row).unwrap_err();
    assert_eq!(error.to_string(), "saga_step.step holds 'dance'");
}
