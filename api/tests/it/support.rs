//! A running API and a client for it.

pub mod ndjson;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use api::{Config, Limits, Server};
use embedded::testing::TestDatabase;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgPool};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::openapi::documented::assert_documented;

/// An API that serves on free ports until it is dropped.
pub struct Api {
    pub database_url: String,
    pub public: String,
    pub admin: String,
    pub client: Client,
    /// For rows that only other processes write.
    pub pool: PgPool,
    pub stop: Option<oneshot::Sender<()>>,
    pub serving: JoinHandle<()>,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The string at a JSON pointer.
    pub fn text(&self, pointer: &str) -> &str {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no text at {pointer} in {self:?}"))
    }

    /// Asserts a problem with this status and code.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.body["code"], code, "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        assert_eq!(self.body["type"], format!("https://holdfast.dev/problems/{code}"), "{self:?}");
        assert_eq!(self.body["correlation_id"], self.header("x-correlation-id").unwrap());
        assert!(!self.text("/detail").is_empty());
    }
}

/// The configuration of a test: the given database, free ports.
pub fn config(database_url: &str) -> Config {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    // Nobody runs what these tests ask for, so it may grow as old as it likes.
    let limits = Limits { oldest_max: Duration::from_hours(1), ..Limits::default() };
    Config { public_addr: free, admin_addr: free, limits, ..Config::new(database_url) }
}

impl Api {
    pub async fn start() -> Self {
        let db = TestDatabase::create().await.unwrap();
        Self::start_with(config(db.url())).await
    }

    pub async fn start_with(config: Config) -> Self {
        let server = Server::bind(&config).await.unwrap();
        let public = format!("http://{}", server.public_addr());
        let admin = format!("http://{}", server.admin_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.serve(stopped).await.unwrap();
        });
        let login = config.database.login().unwrap().options;
        let database_url = login.to_url_lossy().to_string();
        let pool = PgPool::connect_lazy_with(login);
        // Fails when another test of this process was first, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { database_url, public, admin, client, pool, stop: Some(stop), serving }
    }

    /// Sends anything.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let base = if path.starts_with("/admin") { &self.admin } else { &self.public };
        let named = method.to_string();
        let mut request = self.client.request(method, format!("{base}{path}")).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let code = body["code"].as_str().filter(|_| status >= 400);
        assert_documented(&named, path, status, code);
        Answer { status, headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        let headers: Vec<_> = json.iter().chain(headers).copied().collect();
        self.send(Method::POST, path, &headers, body.to_string()).await
    }

    /// Opens a wallet and gives its id.
    pub async fn wallet(&self, owner_id: &str, currency: &str) -> String {
        let body = json!({ "owner_id": owner_id, "currency": currency });
        let answer = self.post("/v1/wallets", &[], &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("/id").to_owned()
    }

    /// Asks for a transfer under a key of its own.
    pub async fn transfer(&self, source: &str, destination: &str, amount_minor: i64) -> Answer {
        let key = Uuid::now_v7().to_string();
        let body = json!({
            "source_wallet_id": source,
            "destination_wallet_id": destination,
            "amount_minor": amount_minor,
            "currency": "EUR",
        });
        self.post("/v1/transfers", &[("idempotency-key", &key)], &body).await
    }

    /// Runs a statement that another process would run.
    pub async fn sql(&self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&self.pool).await.unwrap();
    }

    /// Counts rows.
    pub async fn count(&self, table: &str) -> i64 {
        let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(statement).fetch_one(&self.pool).await.unwrap()
    }
}
