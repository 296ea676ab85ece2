//! One operator of each role, with tokens that are new at every start.

use domain::operator::OperatorRole;
use store::pool::{self, Purpose};

use crate::error::DevError;

/// A token for somebody of this role.
pub(crate) struct Token {
    pub(crate) role: OperatorRole,
    pub(crate) token: String,
}

/// Issues them. The ones of the last start are good no more.
pub(crate) async fn issue(database_url: &str) -> Result<Vec<Token>, DevError> {
    let pool = pool::open(database_url, Purpose::Reads, 1).map_err(DevError::Operators)?;
    let mut tokens = Vec::with_capacity(OperatorRole::ALL.len());
    for &role in OperatorRole::ALL {
        let name = format!("dev-{role}");
        let token = store::operators::issue(&pool, &name, role).await;
        let token = token.map_err(DevError::Operators)?;
        tokens.push(Token { role, token });
    }
    pool.close().await;
    Ok(tokens)
}
