//! Who may do what: tokens of an issuer, API keys, owners.

use std::time::Duration;

use api::door::DoorConfig;
use api::{AuthConfig, Config, IssuerConfig};
use domain::operator::OperatorRole;
use embedded::issuer::{AUDIENCE, Claims, Issuer};
use embedded::testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Api, config};

mod api_keys;
mod four_eyes;
mod issuer;
pub mod matrix;
mod owners;
mod shares;
mod tokens;

/// What a customer's token has.
pub const CUSTOMER: &str = "wallet:read wallet:write";
/// Looks at the keys again at once, so that no test waits.
const REFETCH_MIN: Duration = Duration::ZERO;

/// An API that believes an issuer.
pub struct Guarded {
    pub api: Api,
    pub issuer: Issuer,
}

impl Guarded {
    pub async fn start() -> Self {
        let issuer = Issuer::start(None).await.unwrap();
        Self::believing(issuer, |_| {}).await
    }

    /// The same, with other settings than the usual ones.
    pub async fn believing(issuer: Issuer, change: impl FnOnce(&mut IssuerConfig)) -> Self {
        let db = TestDatabase::create().await.unwrap();
        let mut auth = IssuerConfig::new(issuer.url(), AUDIENCE);
        auth.refetch_min = REFETCH_MIN;
        change(&mut auth);
        let config = Config { auth: AuthConfig::Issuer(Box::new(auth)), ..config(db.url()) };
        Self { api: Api::start_with(config).await, issuer }
    }

    /// The same, with another door than the usual one.
    pub async fn behind(door: DoorConfig) -> Self {
        let issuer = Issuer::start(None).await.unwrap();
        let db = TestDatabase::create().await.unwrap();
        let auth = AuthConfig::Issuer(Box::new(IssuerConfig::new(issuer.url(), AUDIENCE)));
        let config = Config { auth, door, ..config(db.url()) };
        Self { api: Api::start_with(config).await, issuer }
    }

    /// A token of the issuer.
    pub fn token(&self, subject: &str, scope: &str) -> String {
        self.issuer.token(&Claims::of(subject).scope(scope))
    }

    /// Sends a request with a credential and a key of its own.
    pub async fn ask(&self, credential: &str, method: Method, path: &str, body: &Value) -> Answer {
        let (bearer, key) = (format!("Bearer {credential}"), Uuid::now_v7().to_string());
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", &key),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.api.send(method, path, &headers, body).await
    }

    pub async fn get(&self, credential: &str, path: &str) -> Answer {
        self.ask(credential, Method::GET, path, &Value::Null).await
    }

    pub async fn post(&self, credential: &str, path: &str, body: &Value) -> Answer {
        self.ask(credential, Method::POST, path, body).await
    }

    /// Opens a wallet of the owner, and gives its id.
    pub async fn wallet(&self, owner: &str) -> String {
        let token = self.token(owner, CUSTOMER);
        let body = json!({ "owner_id": owner, "currency": "EUR" });
        let answer = self.post(&token, "/v1/wallets", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("/id").to_owned()
    }

    /// Has an approver make an API key, and gives the whole answer.
    pub async fn make_key(&self, body: &Value) -> Answer {
        let name = Uuid::now_v7().to_string();
        let approver = self.api.token(&name, OperatorRole::Approver).await;
        self.post(&approver, "/admin/v1/api-keys", body).await
    }

    /// A key with these scopes that acts for everybody.
    pub async fn key(&self, scopes: &[&str]) -> Answer {
        let name = Uuid::now_v7().to_string();
        let body = json!({ "name": name, "scopes": scopes, "reason": "a test" });
        let made = self.make_key(&body).await;
        assert_eq!(made.status, 201, "{made:?}");
        made
    }
}

/// A transfer between two wallets.
pub fn transfer(source: &str, destination: &str) -> Value {
    json!({
        "source_wallet_id": source, "destination_wallet_id": destination,
        "amount_minor": 100, "currency": "EUR",
    })
}
