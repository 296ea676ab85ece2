//! The sandbox as a process of its own, killed and started again.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jobs::outside::PayoutProvider;

use super::{order, payouts, word};
use crate::support::process::Process;

fn journal() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("holdfast-sandbox-{}", uuid::Uuid::now_v7()))
}

#[tokio::test]
async fn a_provider_that_is_killed_knows_its_payouts_again() {
    let file = journal();
    let arguments = ["--journal", file.to_str().expect("a path")];
    let mut first = Process::sandbox(&arguments);
    let provider = payouts(first.address.as_deref().expect("its address"));
    let (made, open) = (order("timeout_after+paid"), order("later:1500"));
    assert_eq!(word(&provider.submit(&made).await), "unknown");
    assert_eq!(word(&provider.submit(&open).await), "accepted");
    first.kill();
    // A connection of before may break under the request; a new one is refused.
    let unconnected = payouts(first.address.as_deref().expect("its address"));
    assert_eq!(word(&unconnected.probe(made.id).await), "not_sent");

    let second = Process::sandbox(&arguments);
    let provider = payouts(second.address.as_deref().expect("its address"));
    assert_eq!(word(&provider.probe(made.id).await), "paid");
    let began = Instant::now();
    while word(&provider.probe(open.id).await) != "paid" {
        assert!(began.elapsed() < Duration::from_secs(10), "it forgot to settle");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(second.stop());
    std::fs::remove_file(file).ok();
}

#[test]
fn a_provider_that_came_along_ends_with_whoever_brought_it() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_holdfast-e2e"))
        .args(["sandbox-provider", "--with-parent"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    // What the kernel does for an owner that is killed.
    drop(child.stdin.take());
    let began = Instant::now();
    while child.try_wait().expect("its state").is_none() {
        if began.elapsed() > Duration::from_secs(10) {
            child.kill().ok();
            panic!("it has outlived its owner");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
