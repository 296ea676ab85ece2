//! Everybody outside, as processes of their own: the sandbox that makes payouts and screens, and
//! an API that hears its notices.

use std::collections::BTreeMap;
use std::time::Duration;

use dev::sandbox::book::Record;
use dev::sandbox::program::SECRET;
use reqwest::Client;
use serde_json::Value;

use super::http_client;
use super::process::Process;

/// What both of them sign with.
const SIGNS: (&str, &str) = (SECRET, "a secret of both of them");
/// The book of ten thousand payouts is long, and nothing here is optimized.
const BOOK_TIME_MAX: Duration = Duration::from_mins(1);

/// The two of them.
pub struct Outside {
    database_url: String,
    api: Process,
    sandbox: Process,
    http: Client,
}

impl Outside {
    /// Starts both.
    pub fn start(database_url: &str) -> Self {
        let anywhere = "127.0.0.1:0";
        let api = Process::api_with(database_url, anywhere, anywhere, &[SIGNS]);
        let address = api.address.as_deref().expect("an address");
        let notices = format!("http://{address}/v1/providers/payouts/notices");
        let sandbox = Process::sandbox_with(&["--notices", &notices], &[SIGNS]);
        // Not used: it makes the cryptography of all clients known.
        drop(http_client());
        let http = Client::builder().timeout(BOOK_TIME_MAX).build().expect("a client");
        Self { database_url: database_url.to_owned(), api, sandbox, http }
    }

    /// Where payouts and screenings are asked for.
    pub fn provider(&self) -> String {
        self.sandbox.address.clone().expect("an address")
    }

    /// Where clients ask.
    pub fn api(&self) -> String {
        format!("http://{}", self.api.address.as_deref().expect("an address"))
    }

    /// Kills the API, and starts another one at its address.
    pub fn kill_api(&mut self) {
        let address = self.api.address.clone().expect("an address");
        self.api.kill();
        self.api = Process::api_with(&self.database_url, &address, "127.0.0.1:0", &[SIGNS]);
    }

    /// What the sandbox has written down of each payout, by key.
    pub async fn book(&self) -> BTreeMap<String, Record> {
        let items = self.items("payouts").await;
        let records: Vec<Record> = serde_json::from_value(items).expect("records");
        let payouts = records.into_iter().filter(|one| !one.key.starts_with("screening-"));
        payouts.map(|one| (one.key.clone(), one)).collect()
    }

    /// Every notice that the sandbox has sent, or has tried to.
    pub async fn notices(&self) -> Vec<Value> {
        self.items("notices").await.as_array().expect("a list").clone()
    }

    async fn items(&self, what: &str) -> Value {
        let url = format!("{}/sandbox/{what}", self.provider());
        let answer = self.http.get(url).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["items"].take()
    }

    /// Asks the API as a client does: status and body.
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = self.http.post(format!("{}{path}", self.api())).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }
}
