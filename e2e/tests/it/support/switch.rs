//! An address that leads elsewhere when it is switched, as the name of a cluster does.

use std::net::SocketAddr;

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

#[derive(Debug, Clone, Copy)]
struct State {
    way: Way,
    /// Connections of an earlier round hear nothing any more, and are not told so.
    round: u32,
}

/// A port that leads to another one.
pub struct Switch {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Switch {
    /// Leads to `port` until it is told otherwise.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let state = watch::Sender::new(State { way: Way::To(port), round: 0 });
        let known = state.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, known.clone()));
            }
        });
        Self { address, state, accepting }
    }

    /// The address of a database, through here.
    pub fn url(&self, url: &str) -> String {
        let (login, rest) = url.rsplit_once('@').expect("a login");
        let (_, database) = rest.split_once('/').expect("a database");
        format!("{login}@{}/{database}", self.address)
    }

    /// New connections go to `port`. Open ones stay where they are.
    pub fn turn_to(&self, port: u16) {
        self.turn(Way::To(port));
    }

    /// New connections go to `port`. Open ones hear nothing any more, for ever.
    pub fn strand_and_turn_to(&self, port: u16) {
        self.state.send_modify(|state| {
            *state = State { way: Way::To(port), round: state.round + 1 };
        });
    }

    /// All connections end, and no new one is made.
    pub fn cut(&self) {
        self.turn(Way::Away);
    }

    /// Nobody hears anything until it is turned again, and nobody is told so.
    pub fn silence(&self) {
        self.turn(Way::Silent);
    }

    fn turn(&self, way: Way) {
        self.state.send_modify(|state| state.way = way);
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn lead(mut client: TcpStream, mut state: watch::Receiver<State>) {
    let State { way, round } = *state.borrow_and_update();
    if let Way::To(port) = way {
        let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let left = |now: &State| now.round != round || !matches!(now.way, Way::To(_));
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = state.wait_for(left) => {}
        }
        // Both are held, and neither hears of the other.
        let over = |now: &State| now.round == round && now.way != Way::Silent;
        state.wait_for(over).await.ok();
        drop((client, server));
    } else {
        state.wait_for(|now| now.way != Way::Silent).await.ok();
    }
}
