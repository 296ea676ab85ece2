//! A payout provider and screening service to try things on: it speaks the protocol of
//! `docs/PROVIDERS.md`, moves no money, and misbehaves on request.
//!
//! What it does with a payout or a screening is said by the payout itself: in its `reference`,
//! or by its amount ([`behavior`]). It writes down what it did ([`book`]), so that a test can
//! compare that with what Holdfast believes: how often a payout was really made, and by which
//! key.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wire::signature::Secret;

pub mod behavior;
pub mod book;
mod notify;
pub mod program;
mod routes;
mod serve;

use book::{Book, Record};
use notify::Notifier;
pub use notify::SentNotice;
use routes::Desk;
pub use routes::Mode;

/// Where it listens, and whom it tells.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where notices go, and how they are signed; none to send none.
    pub notices: Option<(String, Secret)>,
    /// Keeps what was done, so that a restart knows it; none to keep it in memory only.
    pub journal: Option<PathBuf>,
}

/// The sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address is taken, or not of this machine.
    #[error("the sandbox provider cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The journal cannot be read or written.
    #[error("the sandbox provider cannot use its journal {0}")]
    Journal(PathBuf, #[source] io::Error),
    /// No client for notices.
    #[error(transparent)]
    Client(#[from] crate::ClientError),
}

/// A sandbox within this process. It ends when it is dropped.
pub struct Sandbox {
    addr: SocketAddr,
    desk: Desk,
    serving: JoinHandle<()>,
}

impl Sandbox {
    /// Starts it.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let failed = |error| SandboxError::Listen(options.listen, error);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let book = match &options.journal {
            Some(path) => {
                Book::open(path).map_err(|error| SandboxError::Journal(path.clone(), error))?
            }
            None => Book::default(),
        };
        let notifier = Notifier::new(options.notices)?;
        let desk = Desk::new(Arc::new(book), notifier);
        desk.resume();
        let serving = tokio::spawn(serve::serve(listener, routes::router(desk.clone())));
        Ok(Self { addr, desk, serving })
    }

    /// Its address, as `HOLDFAST_PAYOUT_PROVIDER_URL` and `HOLDFAST_SCREENING_URL` have it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every payout that it ever heard of.
    pub fn payouts(&self) -> Vec<Record> {
        self.desk.book.all()
    }

    /// Every notice that it sent, or tried to.
    pub fn notices(&self) -> Vec<SentNotice> {
        self.desk.notifier.sent()
    }

    /// How it treats all requests from now on.
    pub fn set_mode(&self, mode: Mode) {
        self.desk.set_mode(mode);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
