//! The token that goes with each request: a fixed one, or that of a login, which is renewed before it ends.

use std::fmt;

use tokio::sync::Mutex;

use crate::login::{Kept, LoginConfig, LoginError, Store, renew};

/// What opens the operator API.
pub enum Credential {
    /// A token that somebody gave us.
    Fixed(String),
    /// A person's login.
    Login(Box<Login>),
}

/// A login and what renews it.
pub struct Login {
    config: LoginConfig,
    store: Store,
    kept: Mutex<Kept>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

impl From<&str> for Credential {
    fn from(token: &str) -> Self {
        Self::Fixed(token.to_owned())
    }
}

impl Credential {
    /// That of a login.
    pub fn login(config: LoginConfig, store: Store, kept: Kept) -> Self {
        Self::Login(Box::new(Login { config, store, kept: Mutex::new(kept) }))
    }

    /// The token to send now.
    ///
    /// # Errors
    /// When a login has ended and cannot be renewed.
    pub async fn token(&self) -> Result<String, LoginError> {
        match self {
            Self::Fixed(token) => Ok(token.clone()),
            Self::Login(login) => login.token().await,
        }
    }
}

impl Login {
    async fn token(&self) -> Result<String, LoginError> {
        let mut kept = self.kept.lock().await;
        if !kept.is_fresh() && kept.refresh_token.is_some() {
            match self.renewed(&kept).await {
                Ok(renewed) => *kept = renewed,
                // It is renewed early, so that an issuer that is away for a moment is not noticed.
                Err(LoginError::Away(..)) if !kept.has_ended() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(kept.access_token.clone())
    }

    /// What another console has renewed meanwhile, or what the issuer gives. A login that somebody has ended, or
    /// that is another one by now, is not renewed: that would bring it back.
    async fn renewed(&self, mine: &Kept) -> Result<Kept, LoginError> {
        let alone = self.store.alone().await?;
        let latest = self.store.read()?.filter(|theirs| theirs.is_same_login(mine));
        let latest = latest.ok_or(LoginError::LoggedOut)?;
        let renewed = match &latest.refresh_token {
            Some(refresh_token) if !latest.is_fresh() => {
                let renewed = renew(&self.config, &latest, refresh_token).await?;
                self.store.write(&renewed)?;
                renewed
            }
            _ => latest,
        };
        drop(alone);
        Ok(renewed)
    }
}
