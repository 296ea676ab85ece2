//! The adapters for payouts and screening against the sandbox provider, over real sockets: what
//! each way to misbehave makes of the answer, and what really happened there.

mod misbehavior;
mod restart;
mod screening;
mod told;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use dev::sandbox::book::Record;
use dev::sandbox::{Sandbox, SandboxOptions};
use domain::answer::Answer;
use domain::ids::{TransferId, WalletId};
use domain::money::Amount;
use jobs::outside::{HttpPayouts, PayoutOrder, ProviderConfig};
use serde_json::json;
use uuid::Uuid;

use crate::support::eur;

/// Far longer than an answer on this machine takes, far shorter than a hang.
const TIMEOUT: Duration = Duration::from_millis(600);

/// A sandbox that tells nobody anything.
async fn sandbox() -> Sandbox {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = SandboxOptions { listen, notices: None, journal: None };
    Sandbox::start(options).await.expect("a sandbox")
}

fn config(url: &str) -> ProviderConfig {
    ProviderConfig { timeout: TIMEOUT, ..ProviderConfig::new("payouts", url) }
}

fn payouts(url: &str) -> HttpPayouts {
    HttpPayouts::new(&config(url)).expect("a client")
}

/// A payout that asks the sandbox for this behavior.
fn order(behavior: &str) -> PayoutOrder {
    PayoutOrder {
        id: TransferId(Uuid::now_v7()),
        source: WalletId(Uuid::now_v7()),
        amount: Amount::new(500).expect("an amount"),
        currency: eur(),
        reference: Some(format!("Rent for May sandbox:{behavior}")),
        beneficiary: json!({ "name": "Carol", "account": "DE02120300000000202051" }),
    }
}

/// The one word of an answer.
fn word(answer: &Answer) -> String {
    let json = serde_json::to_value(answer).expect("JSON");
    json["kind"].as_str().expect("a kind").to_owned()
}

/// What the sandbox did about a payout.
fn done(sandbox: &Sandbox, order: &PayoutOrder) -> Record {
    let key = order.id.to_string();
    let found = sandbox.payouts().into_iter().find(|record| record.key == key);
    found.expect("the sandbox has heard of it")
}
