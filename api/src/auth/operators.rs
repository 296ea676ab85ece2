//! Tokens of operators that Holdfast has issued itself.

use std::time::Duration;

use store::StoreError;
use store::operators::{Operator, authenticate};
use store::pool::Pool;
use tokio::time::Instant;

use super::cache::{Digest, Known};

/// A token that was revoked shows nothing any more by then, in every process. It changes nothing from that moment on.
const KNOWN_MAX: Duration = Duration::from_secs(5);
/// Tokens remembered.
const TOKENS_MAX: u64 = 1_000;

/// Checks tokens. A console asks every second, and whose token it sends does not change as often.
pub(crate) struct Operators {
    pool: Pool,
    known: Known<Operator>,
}

impl Operators {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, known: Known::new(TOKENS_MAX) }
    }

    /// Whose token it is, for whoever wants to look.
    pub(crate) async fn look(&self, token: &str) -> Result<Option<Operator>, StoreError> {
        match self.known.get(&Digest::of(token)) {
            Some(operator) => Ok(Some(operator)),
            None => self.find(token).await,
        }
    }

    /// Whose token it is now, for whoever wants to change something.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<Operator>, StoreError> {
        let operator = authenticate(&self.pool, token).await?;
        if let Some(operator) = &operator {
            let until = Instant::now() + KNOWN_MAX;
            self.known.keep(Digest::of(token), operator.clone(), until);
        }
        Ok(operator)
    }
}
