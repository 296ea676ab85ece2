//! The same against another endpoint than the embedded one: `e2e/conformance/run.sh`.

use super::{Desk, index, redrive};

/// The endpoint under test.
async fn elsewhere(suffix: &str) -> Desk {
    let url = std::env::var("HOLDFAST_CONFORMANCE_SQS_URL");
    let url = url.expect("HOLDFAST_CONFORMANCE_SQS_URL names an SQS endpoint");
    Desk::at(url, None, suffix, 2).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs another SQS endpoint"]
async fn poison() {
    index::poison(elsewhere("").await).await;
}
