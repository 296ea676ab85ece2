//! What a process shows of itself while it runs: one address, one sampler, and the figures for CloudWatch.

use store::pool::Database;
use tokio::task::JoinHandle;

use crate::Config;
use crate::emf::Emf;
use crate::health::Health;
use crate::listener::{ListenError, Listener};
use crate::sampler::{self, Looks};

/// All of it, until it is dropped.
#[derive(Debug)]
pub struct Lights {
    listener: Option<Listener>,
    sampler: JoinHandle<()>,
}

impl Lights {
    /// Takes the address, if there is one, and starts the sampler, which sleeps until somebody looks.
    pub async fn start(
        config: &Config,
        service: &'static str,
        database: &Database,
        health: Health,
        looks: Looks,
    ) -> Result<Self, ListenError> {
        let listener = match config.metrics_addr {
            Some(addr) => Some(Listener::start(addr, health, looks.clone()).await?),
            None => None,
        };
        let emf = config.emf.then(|| Emf::new(service));
        let sampler = tokio::spawn(sampler::run(database.clone(), looks, emf));
        Ok(Self { listener, sampler })
    }

    /// Where metrics and health are; none without an address of their own.
    pub fn addr(&self) -> Option<std::net::SocketAddr> {
        self.listener.as_ref().map(Listener::addr)
    }
}

impl Drop for Lights {
    fn drop(&mut self) {
        self.sampler.abort();
    }
}
