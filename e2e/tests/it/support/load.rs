//! Clients that do what a client should: when in doubt, ask again with the same key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::ids::WalletId;
use reqwest::{Client, StatusCode};
use tokio::task::JoinHandle;

use super::http_client;

/// Clients in the background.
pub struct Load {
    stopping: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<(String, String)>>>,
}

impl Load {
    /// Starts `count` clients that each send one transfer after the other.
    pub fn start(addresses: &[String], wallets: &[WalletId], count: usize) -> Self {
        let (stopping, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let http = http_client();
        let clients = (0..count)
            .map(|number| {
                let shop = Shop {
                    http: http.clone(),
                    addresses: addresses.to_vec(),
                    wallets: wallets.to_vec(),
                    number,
                };
                tokio::spawn(shop.run(stopping.clone(), done.clone()))
            })
            .collect();
        Self { stopping, done, clients }
    }

    /// Waits until that many more transfers were accepted.
    pub async fn wait_for_more(&self, count: usize) {
        let wanted = self.done.load(Ordering::Relaxed) + count;
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.done.load(Ordering::Relaxed) < wanted {
            assert!(Instant::now() < deadline, "no transfer is accepted any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets each client end its last transfer. Returns (key, transfer id), sorted.
    pub async fn stop(self) -> Vec<(String, String)> {
        self.stopping.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        for client in self.clients {
            accepted.extend(client.await.expect("a client"));
        }
        accepted.sort();
        accepted
    }
}

struct Shop {
    http: Client,
    addresses: Vec<String>,
    wallets: Vec<WalletId>,
    number: usize,
}

impl Shop {
    async fn run(self, stopping: Arc<AtomicBool>, done: Arc<AtomicUsize>) -> Vec<(String, String)> {
        let mut accepted = Vec::new();
        for turn in 0.. {
            if stopping.load(Ordering::Relaxed) {
                break;
            }
            let key = format!("client-{}-{turn}", self.number);
            let id = self.send(&key, turn).await;
            accepted.push((key, id));
            done.fetch_add(1, Ordering::Relaxed);
        }
        accepted
    }

    /// Sends one transfer until an API says that it has it.
    async fn send(&self, key: &str, turn: usize) -> String {
        let wallet =
            |offset: usize| self.wallets[(self.number + turn * offset) % self.wallets.len()];
        let (from, mut to) = (wallet(1), wallet(3));
        if to == from {
            to = self.wallets[(self.number + turn + 1) % self.wallets.len()];
        }
        let body = serde_json::json!({
            "source_wallet_id": from, "destination_wallet_id": to,
            "amount_minor": 1 + turn % 50, "currency": "EUR", "reference": key,
        });
        let deadline = Instant::now() + Duration::from_mins(1);
        for attempt in 0.. {
            assert!(Instant::now() < deadline, "{key} was never accepted");
            let address = &self.addresses[(self.number + attempt) % self.addresses.len()];
            let request = self.http.post(format!("http://{address}/v1/transfers"));
            let sent = request.header("Idempotency-Key", key).json(&body).send().await;
            if let Ok(response) = sent {
                match response.status() {
                    StatusCode::ACCEPTED | StatusCode::OK => {
                        if let Ok(transfer) = response.json::<serde_json::Value>().await {
                            return transfer["id"].as_str().expect("an id").to_owned();
                        }
                    }
                    StatusCode::SERVICE_UNAVAILABLE => {}
                    status => panic!("{key}: {status}: {:?}", response.text().await),
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        unreachable!("the deadline comes first")
    }
}
