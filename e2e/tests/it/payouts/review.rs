//! What the screening service is not sure of is decided at the desk, through the API.

use domain::operator::OperatorRole;
use domain::transfer::TransferStatus;
use jobs::outside::ProviderConfig;
use jobs::{Config, Role};
use reqwest::Method;
use serde_json::json;
use store::intake::NewTransfer;

use super::{Workers, payout, sandbox};
use crate::outside::screened;
use crate::support::World;
use crate::support::admin::Admin;

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_allows_or_denies_what_the_screening_is_not_sure_of() {
    let (world, sandbox) = (World::new().await, sandbox().await);
    let olga = Admin::start(&world, "olga", OperatorRole::Operator).await;
    let wallets = world.wallets(2, 1_000).await;
    let unsure = || NewTransfer {
        reference: Some("sandbox:screen_review".to_owned()),
        ..screened(wallets[0], wallets[1], 100)
    };
    let commands = [
        unsure(),
        unsure(),
        payout(wallets[0], 200, "screen_review+paid"),
        payout(wallets[0], 200, "screen_review+paid"),
    ];
    let ids = world.accept(&commands).await;
    let mut config = Config::new(&world.url);
    config.roles = Some(vec![Role::Sagas, Role::Calls]);
    let provider = ProviderConfig::new("sandbox", &sandbox.url());
    config.outside.payouts = Some(provider.clone());
    config.outside.screening = Some(provider);
    let workers = Workers::start(config);
    let waiting = "SELECT count(*) = 4 FROM saga_open WHERE waiting_for = 'review'";
    world.wait_until("all wait for a verdict", waiting).await;
    assert_eq!(world.available(wallets[0]).await, 1_000 - 600, "what waits is held");

    let review = async |at: usize, verdict: &str| {
        let body = json!({ "verdict": verdict, "reason": "looked at it" });
        olga.ask(Method::POST, &format!("/transfers/{}/review", ids[at]), &body).await
    };
    assert_eq!(review(0, "perhaps").await.0, 422);
    for (at, verdict) in [(0, "allow"), (1, "deny"), (2, "allow"), (3, "deny")] {
        let (status, answer) = review(at, verdict).await;
        assert_eq!(status, 200, "{answer:#}");
    }
    world.wait_for_rest().await;
    for (at, status, code) in [
        (0, TransferStatus::Settled, None),
        (1, TransferStatus::Rejected, Some("screening_denied_by_operator")),
        (2, TransferStatus::Settled, None),
        (3, TransferStatus::Rejected, Some("screening_denied_by_operator")),
    ] {
        let ended = world.transfer(ids[at]).await;
        let failed = ended.failure.map(|failure| failure.code);
        assert_eq!((ended.status, failed.as_deref()), (status, code));
    }
    // At its end nobody gives a verdict any more.
    let (status, answer) = review(0, "deny").await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("transfer_final")));
    let made: Vec<String> = sandbox.payouts().into_iter().map(|one| one.key).collect();
    assert!(made.contains(&ids[2].to_string()) && !made.contains(&ids[3].to_string()));
    assert_eq!(world.available(wallets[0]).await, 1_000 - 300);
    let audit = "SELECT count(*) FROM operator_audit WHERE action = 'transfer.review'";
    assert_eq!(world.count(audit).await, 4);
    workers.stop().await;
    world.assert_clean_slate().await;
}
