//! Notices of the sandbox to a running API, over real sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use api::Webhook;
use dev::sandbox::{Sandbox, SandboxOptions, SentNotice};
use domain::ids::TransferId;
use jobs::outside::{HttpPayouts, PayoutOrder, PayoutProvider};
use serde_json::Value;
use tokio::task::JoinHandle;
use wire::signature::Secret;

use super::{order, payouts};
use crate::support::{World, transfer};

/// An API that knows the sandbox, and a sandbox that knows the API.
struct Ends {
    world: World,
    sandbox: Sandbox,
    provider: HttpPayouts,
    serving: JoinHandle<()>,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Ends {
    async fn start() -> Self {
        let world = World::new().await;
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let secret = Secret::new("a secret of both of them").expect("long enough");
        let mut config = api::Config::new(&world.url);
        (config.public_addr, config.admin_addr) = (free, free);
        let provider = "payouts".to_owned();
        config.webhook = Some(Webhook { provider, secrets: vec![secret.clone()] });
        let server = api::Server::bind(&config).await.expect("an API");
        let url = format!("http://{}/v1/providers/payouts/notices", server.public_addr());
        let serving = tokio::spawn(async move {
            server.serve(std::future::pending()).await.expect("a served API");
        });
        let options = SandboxOptions { listen: free, notices: Some((url, secret)), journal: None };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let provider = payouts(&sandbox.url());
        Self { world, sandbox, provider, serving }
    }

    /// A payout that is being submitted.
    async fn payout(&self, behavior: &str) -> PayoutOrder {
        let wallets = self.world.wallets(2, 10_000).await;
        let id = self.world.accept(&[transfer(wallets[0], wallets[1], 500)]).await[0];
        let sql = "UPDATE transfer SET kind = 'payout' WHERE id = $1";
        sqlx::query(sql).bind(id.0).execute(&self.world.reads).await.expect("a payout");
        self.goes_to(id, "submit_payout", "call").await;
        PayoutOrder { id, ..order(behavior) }
    }

    async fn goes_to(&self, id: TransferId, step: &str, waiting_for: &str) {
        let sql = "UPDATE saga_open SET kind = 'payout', step = $2, waiting_for = $3
                   WHERE transfer_id = $1";
        let query = sqlx::query(sql).bind(id.0).bind(step).bind(waiting_for);
        query.execute(&self.world.reads).await.expect("an open row");
    }

    async fn answer(&self, id: TransferId) -> Option<Value> {
        let sql = "SELECT answer FROM saga_open WHERE transfer_id = $1 AND waiting_for IS NULL";
        let row: Option<Option<Value>> = sqlx::query_scalar(sql)
            .bind(id.0)
            .fetch_optional(&self.world.reads)
            .await
            .expect("a row");
        row.flatten()
    }

    /// Waits for so many answered notices, and gives them.
    async fn notices(&self, count: usize) -> Vec<SentNotice> {
        let began = Instant::now();
        loop {
            let sent = self.sandbox.notices();
            if sent.iter().filter(|notice| notice.answered.is_some()).count() >= count {
                return sent;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "too few: {sent:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_notice_ends_the_wait_for_a_confirmation_however_often_it_comes() {
    let ends = Ends::start().await;
    for (behavior, kind, count) in
        [("later:20", "paid", 1), ("declined_later:20", "declined", 2), ("duplicate:20", "paid", 5)]
    {
        let order = ends.payout(behavior).await;
        ends.goes_to(order.id, "confirm_payout", "confirmation").await;
        ends.provider.submit(&order).await;
        let sent = ends.notices(count).await;
        assert!(sent.iter().all(|notice| notice.answered == Some(200)), "{sent:?}");
        let answer = ends.answer(order.id).await.expect("an answer");
        assert_eq!(answer["kind"], kind, "{behavior}");
    }
}

#[tokio::test]
async fn a_notice_before_the_answer_is_kept_for_the_confirmation() {
    let ends = Ends::start().await;
    let order = ends.payout("early").await;
    // It comes back after the notice was taken.
    ends.provider.submit(&order).await;
    assert_eq!(ends.sandbox.notices()[0].answered, Some(200));
    assert_eq!(ends.answer(order.id).await, None);
    ends.goes_to(order.id, "confirm_payout", "confirmation").await;
    let mut connection = ends.world.reads.acquire().await.expect("a connection");
    assert_eq!(store::notices::sweep(&mut connection).await.expect("a sweep"), 1);
    assert_eq!(ends.answer(order.id).await.expect("an answer")["kind"], "paid");
}

#[tokio::test]
async fn a_forged_notice_is_refused_and_nothing_comes_of_a_silent_payout() {
    let ends = Ends::start().await;
    let (forged, silent) = (ends.payout("forged:20").await, ends.payout("silent:20").await);
    for order in [&forged, &silent] {
        ends.goes_to(order.id, "confirm_payout", "confirmation").await;
        ends.provider.submit(order).await;
    }
    let sent = ends.notices(1).await;
    assert_eq!((sent.len(), sent[0].forged, sent[0].answered), (1, true, Some(401)));
    assert_eq!(ends.world.count("SELECT count(*) FROM provider_notice").await, 0);
    for order in [&forged, &silent] {
        assert_eq!(ends.answer(order.id).await, None);
        let began = Instant::now();
        // A question tells the truth.
        while super::word(&ends.provider.probe(order.id).await) != "paid" {
            assert!(began.elapsed() < Duration::from_secs(10), "it never settles");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
