use std::time::{Duration, Instant};

use domain::ids::WalletId;
use domain::transfer::TransferStatus;
use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::{CreateDeposit, CreateTransfer, OpenWallet, Problem, Transfer, Wallet};

use crate::error::DevError;

/// After a crash the workers first do what was left open, and until then the API may ask to come back later.
const PATIENCE: Duration = Duration::from_mins(1);
/// When the API does not say how long.
const PAUSE_DEFAULT: Duration = Duration::from_secs(1);
/// What the API is asked to wait for an outcome at a time, in seconds.
const WAIT_SECONDS: u32 = 10;

/// The API did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The client cannot be made.
    #[error("cannot make an HTTP client")]
    Build(#[source] reqwest::Error),
    /// No answer, or one that cannot be read.
    #[error("the API gave no answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The API said no.
    #[error("the API said no: {0}")]
    Refused(String),
    /// The outcome did not come.
    #[error("a deposit of the start is still {0} after more than a minute")]
    NoOutcome(TransferStatus),
}

/// A client of the public API, as anybody could write it.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// For the API at `base`, such as `http://127.0.0.1:8080`, with a token for all that it does.
    pub(crate) fn new(base: String, token: String) -> Result<Self, ClientError> {
        Ok(Self { http: http(PATIENCE)?, base, token })
    }

    /// Opens a wallet, or finds the one that `key` opened.
    pub(crate) async fn open_wallet(
        &self,
        key: &str,
        body: &OpenWallet,
    ) -> Result<Wallet, ClientError> {
        self.patiently(|| self.post("/v1/wallets", key, body)).await
    }

    /// A wallet as it stands now.
    pub(crate) async fn wallet(&self, id: WalletId) -> Result<Wallet, ClientError> {
        let path = format!("{}/v1/wallets/{id}", self.base);
        self.patiently(|| self.http.get(&path).bearer_auth(&self.token)).await
    }

    /// Makes a deposit, or finds the one that `key` made, and waits until it is settled.
    pub(crate) async fn deposit(&self, key: &str, body: &CreateDeposit) -> Result<(), DevError> {
        let request = || {
            let wait = format!("wait={WAIT_SECONDS}");
            self.post("/v1/deposits", key, body).header("Prefer", wait)
        };
        let began = Instant::now();
        loop {
            let deposit: Transfer = self.patiently(request).await?;
            match deposit.status {
                TransferStatus::Settled => return Ok(()),
                status if is_outcome(status) => return Err(DevError::Deposit(status)),
                status if began.elapsed() > PATIENCE => {
                    return Err(ClientError::NoOutcome(status).into());
                }
                _ => {}
            }
        }
    }

    /// Asks for a transfer, once. Comes back when it is written down.
    pub(crate) async fn transfer(
        &self,
        key: &str,
        body: &CreateTransfer,
    ) -> Result<Transfer, ClientError> {
        let sent = self.post("/v1/transfers", key, body).send().await;
        read(sent.map_err(ClientError::NoAnswer)?).await
    }

    fn post(&self, path: &str, key: &str, body: &impl Serialize) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.base));
        request.bearer_auth(&self.token).header("Idempotency-Key", key).json(body)
    }

    /// Sends the request again while the API asks to come back later, for a limited time.
    async fn patiently<T: DeserializeOwned>(
        &self,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<T, ClientError> {
        let began = Instant::now();
        loop {
            let response = request().send().await.map_err(ClientError::NoAnswer)?;
            let busy = response.status() == StatusCode::SERVICE_UNAVAILABLE;
            if !busy || began.elapsed() > PATIENCE {
                return read(response).await;
            }
            tokio::time::sleep(pause(&response)).await;
        }
    }
}

/// A client for plain HTTP on this machine that waits so long for an answer.
pub(crate) fn http(answer_max: Duration) -> Result<reqwest::Client, ClientError> {
    // Without a provider no client can be built, not even one for plain HTTP. Who was first does not matter.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        // A proxy of the environment would look for 127.0.0.1 on its own machine.
        .no_proxy()
        // Without TLS nobody's certificates are needed, and a small machine may have none.
        .tls_certs_only([])
        .timeout(answer_max)
        .build();
    http.map_err(ClientError::Build)
}

/// Whether there is nothing more to wait for: the end, or a person who must look.
pub(crate) fn is_outcome(status: TransferStatus) -> bool {
    status.is_final() || status == TransferStatus::Stuck
}

fn pause(response: &Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER);
    let seconds = header.and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(PAUSE_DEFAULT, Duration::from_secs)
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    if response.status().is_success() {
        return response.json().await.map_err(ClientError::NoAnswer);
    }
    let status = response.status();
    let told: Option<Problem> = response.json().await.ok();
    Err(ClientError::Refused(told.map_or_else(|| status.to_string(), |problem| problem.detail)))
}
