//! Who asks on the customers' address, and what they may.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::access::{Scope, Scopes};
use store::facts::{OwnerMark, WalletFacts};

use super::identify;
use crate::error::ApiError;
use crate::state::App;

/// Somebody whose token or key is good.
#[derive(Debug)]
pub(crate) struct Caller {
    /// Stands with each command, and keeps the idempotency keys of different callers apart.
    pub id: String,
    /// What they may do.
    pub scopes: Scopes,
    /// For whom; none for all owners.
    owner: Option<Owner>,
}

#[derive(Debug)]
struct Owner {
    id: String,
    mark: OwnerMark,
}

impl Caller {
    /// One that acts for this owner, or for all of them.
    pub(super) fn new(id: String, scopes: Scopes, owner: Option<String>) -> Self {
        let owner = owner.map(|id| Owner { mark: OwnerMark::of(&id), id });
        Self { id, scopes, owner }
    }

    /// Everybody, when nobody is asked who they are.
    pub(crate) fn anybody() -> Self {
        Self::new("dev".to_owned(), Scopes::all(), None)
    }

    /// The one owner whose wallets they see; none when they see all.
    pub(crate) fn owner_id(&self) -> Option<&str> {
        self.owner.as_ref().map(|owner| owner.id.as_str())
    }

    /// Who is counted when places are shared out: the owner with all their tokens and keys, or whoever acts for all.
    pub(crate) fn name(&self) -> &str {
        self.owner_id().unwrap_or(&self.id)
    }

    /// Whether a wallet with these facts is theirs to see and to send from.
    pub(crate) fn owns(&self, wallet: &WalletFacts) -> bool {
        self.owner.as_ref().is_none_or(|owner| owner.mark == wallet.owner)
    }

    /// Says no to whoever lacks the scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.scopes.has(scope) {
            return Ok(());
        }
        Err(ApiError::missing_scope(scope, self.scopes))
    }
}

/// Declares who may use a route, by the scope that it needs.
macro_rules! holders {
    ($($(#[$doc:meta])* $name:ident: $scope:ident;)+) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name(
                #[allow(dead_code, reason = "not every route asks who it is beyond that")]
                pub Arc<Caller>,
            );

            impl FromRequestParts<App> for $name {
                type Rejection = ApiError;

                async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
                    let caller = identify(parts, app).await?;
                    caller.require(Scope::$scope)?;
                    Ok(Self(caller))
                }
            }
        )+
    };
}

holders! {
    /// Whoever may look.
    Reader: Read;
    /// Whoever may change wallets and move money out of them.
    Writer: Write;
    /// Whoever may bring money in.
    Depositor: Deposit;
    /// Whoever may freeze and unfreeze.
    Guardian: Admin;
}
