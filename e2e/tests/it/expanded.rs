//! The programs of this release on the schema of the next one: so it is while a deployment runs, because the
//! migration comes first, and after a rollback, because it stays.

use reqwest::Client;
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::{World, http_client};

/// What an expanding migration may do to each table of ours: a column that may be empty, and one with a default.
const EXPAND: &str = "
    DO $$ DECLARE one record; BEGIN
        FOR one IN
            SELECT c.oid::regclass AS name FROM pg_class c
            WHERE c.relnamespace IN ('public'::regnamespace, to_regnamespace('archive'))
                AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'seaql_migrations'
        LOOP
            EXECUTE format('ALTER TABLE %s ADD COLUMN of_the_next_release text,
                ADD COLUMN of_the_next_release_too int NOT NULL DEFAULT 7', one.name);
        END LOOP;
    END $$;
    CREATE TABLE of_the_next_release (id int)";

/// Sends and returns the answer's body, which must be a success.
async fn call(http: &Client, url: String, body: Option<Value>) -> Value {
    let key = uuid::Uuid::now_v7().to_string();
    let request = match body {
        Some(body) => {
            http.post(&url).header("Idempotency-Key", key).header("Prefer", "wait=5").json(&body)
        }
        None => http.get(&url),
    };
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    assert!(status.is_success(), "{url}: {status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_work_on_a_schema_that_the_next_release_has_expanded() {
    let world = World::new().await;
    sqlx::raw_sql(EXPAND).execute(&world.reads).await.expect("an expanded schema");
    let (http, api) = (http_client(), Process::api(&world.url, "127.0.0.1:0"));
    let jobs = Process::jobs(&world.url, &[]);
    let at = format!("http://{}", api.address.as_deref().expect("an API"));
    let mut wallets = Vec::new();
    for owner in ["alice", "bob"] {
        let body = json!({ "owner_id": owner, "currency": "EUR" });
        let wallet = call(&http, format!("{at}/v1/wallets"), Some(body)).await;
        wallets.push(wallet["id"].as_str().expect("an id").to_owned());
    }
    let deposit = json!({ "wallet_id": wallets[0], "amount_minor": 1_000, "currency": "EUR" });
    let deposit = call(&http, format!("{at}/v1/deposits"), Some(deposit)).await;
    assert_eq!(deposit["status"], "settled", "{deposit}");
    for (amount, status) in [(400, "settled"), (601, "rejected")] {
        let body = json!({
            "source_wallet_id": wallets[0], "destination_wallet_id": wallets[1],
            "amount_minor": amount, "currency": "EUR",
        });
        let transfer = call(&http, format!("{at}/v1/transfers"), Some(body)).await;
        assert_eq!(transfer["status"], status, "{transfer}");
    }
    let freeze = json!({ "reason": "asked for" });
    call(&http, format!("{at}/v1/wallets/{}/freeze", wallets[1]), Some(freeze)).await;
    for list in ["wallets", "transfers"] {
        let page = call(&http, format!("{at}/v1/{list}"), None).await;
        assert!(!page["items"].as_array().expect("a list").is_empty(), "{page}");
    }
    let statement = call(&http, format!("{at}/v1/wallets/{}/postings", wallets[0]), None).await;
    assert_eq!(statement["items"].as_array().map(Vec::len), Some(2), "{statement}");
    // The migration is noted while the processes of before still run. They are as good as they were.
    let note = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m30000101_000001_later', 0)";
    sqlx::query(note).execute(&world.reads).await.expect("a noted migration");
    let ready = call(&http, format!("{at}/health/ready"), None).await;
    assert_eq!(ready["status"], "ready");
    assert!(jobs.stop() && api.stop());
    world.assert_ledger_clean().await;
}
