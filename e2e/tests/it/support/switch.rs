//! An address that leads elsewhere when it is switched, as the name of a cluster does.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where new connections go, and what becomes of the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To a port of this machine. Connections that are open stay where they are.
    To(u16),
    /// Nowhere: new ones are closed at once.
    Away,
    /// Nowhere: neither new nor old ones hear anything any more.
    Silent,
}

/// A port that leads to another one.
pub struct Switch {
    address: SocketAddr,
    way: watch::Sender<Way>,
    accepting: JoinHandle<()>,
}

impl Switch {
    /// Leads to `port` until it is told otherwise.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let way = watch::Sender::new(Way::To(port));
        let known = way.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, known.clone()));
            }
        });
        Self { address, way, accepting }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address of a database, through here.
    pub fn url(&self, url: &str) -> String {
        let (login, rest) = url.rsplit_once('@').expect("a login");
        let (_, database) = rest.split_once('/').expect("a database");
        format!("{login}@{}/{database}", self.address)
    }

    /// New connections go to `port`. Open ones stay where they are.
    pub fn turn_to(&self, port: u16) {
        self.way.send_replace(Way::To(port));
    }

    /// All connections end, and no new one is made.
    pub fn cut(&self) {
        self.way.send_replace(Way::Away);
    }

    /// Nobody hears anything any more, and nobody is told so.
    pub fn silence(&self) {
        self.way.send_replace(Way::Silent);
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn lead(mut client: TcpStream, mut way: watch::Receiver<Way>) {
    let first = *way.borrow_and_update();
    if let Way::To(port) = first {
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = way.wait_for(|way| !matches!(way, Way::To(_))) => {}
        }
        // What is held silent goes on to exist.
        let held = Arc::new(server);
        way.wait_for(|way| *way != Way::Silent).await.ok();
        drop(held);
    } else {
        way.wait_for(|way| *way != Way::Silent).await.ok();
    }
}
