//! A provider that hangs keeps nobody else waiting.

use std::time::{Duration, Instant};

use dev::sandbox::Mode;
use jobs::outside::ProviderConfig;
use jobs::{Config, Role};

use super::{Workers, payout, sandbox};
use crate::support::{World, transfer};

/// Payouts: more than a process has in hand.
const PAYOUTS: i64 = 150;
const PLAIN: usize = 400;
/// Calls at the provider at a time.
const PLACES: usize = 8;
/// Calls in hand of a process.
const IN_HAND: i64 = 64;

/// Payouts whose call is under way.
const UNDER_WAY: &str =
    "SELECT count(*) FROM saga_open WHERE waiting_for = 'call' AND due_at > now()
    AND call_count > 0";

#[tokio::test(flavor = "multi_thread")]
async fn plain_transfers_pass_payouts_whose_provider_hangs_and_these_are_paid_once_afterwards() {
    let (world, sandbox) = (World::new().await, sandbox().await);
    sandbox.set_mode(Mode::Hang);
    let wallets = world.wallets(4, 1_000_000).await;
    let commands: Vec<_> = (0..PAYOUTS).map(|_| payout(wallets[0], 500, "paid")).collect();
    world.accept(&commands).await;
    let mut config = Config::new(&world.url);
    config.roles = Some(vec![Role::Sagas, Role::Calls]);
    config.outside.payouts = Some(ProviderConfig {
        concurrency: PLACES,
        timeout: Duration::from_secs(4),
        ..ProviderConfig::new("payouts", &sandbox.url())
    });
    let workers = Workers::start(config);
    let hang = "SELECT count(*) >= 8 FROM saga_open WHERE waiting_for = 'call' AND call_count > 0";
    world.wait_until("calls hang", hang).await;

    // From the wallet that the payouts hold money of, too.
    let plain = |at: usize| transfer(wallets[at % 4], wallets[(at + 1) % 4], 10);
    let commands: Vec<_> = (0..PLAIN).map(plain).collect();
    for commands in commands.chunks(40) {
        world.accept(commands).await;
    }
    let began = Instant::now();
    let settled =
        "SELECT count(*) = 400 FROM transfer WHERE kind = 'transfer' AND status = 'settled'";
    world.wait_until("plain transfers are settled", settled).await;
    let took = began.elapsed();
    let paid = "SELECT count(*) FROM transfer WHERE kind = 'payout' AND status = 'settled'";
    assert_eq!(world.count(paid).await, 0, "the provider hangs");
    assert!(world.count(UNDER_WAY).await <= IN_HAND, "calls have a bound");

    sandbox.set_mode(Mode::Normal);
    world.wait_for_rest().await;
    assert_eq!(world.count(paid).await, PAYOUTS);
    let made = sandbox.payouts();
    assert_eq!(i64::try_from(made.len()), Ok(PAYOUTS));
    assert!(made.iter().all(|one| one.executed_count == 1), "each once");
    workers.stop().await;
    world.assert_clean_slate().await;
    eprintln!("{PLAIN} plain transfers took {took:?} beside a provider that hangs");
}
