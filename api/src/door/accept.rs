//! Takes connections and serves them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tower::Service;

use super::config::DoorConfig;
use super::guard::Peer;
use super::headers::secure;
use super::seats::{Seat, Seats};
use super::tls::Certificate;
use super::turn::Turn;
use super::watched::Watched;

/// Headers beyond this are not read, and answered by hyper without a document. The guard's own
/// limits are below it, so that a client that errs a little is told how.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEAD_COUNT_MAX: usize = 128;

/// After the system has no more files for us.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listening address.
pub(crate) struct Listener {
    tcp: TcpListener,
    certificate: Option<Certificate>,
    seats: Arc<Seats>,
    times: Times,
}

/// How slow a client may be.
#[derive(Clone, Copy)]
struct Times {
    header: Duration,
    idle: Duration,
    write: Duration,
}

impl Listener {
    pub(crate) fn new(
        tcp: TcpListener,
        certificate: Option<Certificate>,
        config: &DoorConfig,
    ) -> Self {
        Self {
            tcp,
            certificate,
            seats: Seats::new(config.connections_max, config.connections_per_address_max),
            times: Times {
                header: config.header_max,
                idle: config.idle_max,
                write: config.write_max,
            },
        }
    }
}

/// Serves until `stopped` says so, then until the last request is answered.
pub(crate) async fn serve(listener: Listener, router: Router, mut stopped: watch::Receiver<bool>) {
    // Nothing is ever sent: it is closed when the last connection is.
    let (open, mut all_closed) = mpsc::channel::<Infallible>(1);
    loop {
        let accepted = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            accepted = listener.tcp.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_one_connection(&error) {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                continue;
            }
        };
        // Dropped without a word: an answer would cost what the limit is to save.
        let Some(seat) = listener.seats.take(peer.ip()) else { continue };
        let connection = Connection {
            router: router.clone(),
            peer,
            seat,
            times: listener.times,
            stopped: stopped.clone(),
        };
        let (certificate, open) = (listener.certificate.clone(), open.clone());
        tokio::spawn(async move {
            connection.run(stream, certificate).await;
            drop(open);
        });
    }
    drop((listener, open));
    all_closed.recv().await;
}

/// Whether only the connection is lost that was to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

struct Connection {
    router: Router,
    peer: SocketAddr,
    seat: Seat,
    times: Times,
    stopped: watch::Receiver<bool>,
}

impl Connection {
    async fn run(self, stream: TcpStream, certificate: Option<Certificate>) {
        // An answer is one small packet; waiting to fill it would cost up to 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off Nagle's algorithm");
        }
        let Some(certificate) = certificate else {
            return self.serve(stream, false).await;
        };
        let turn = self.seat.turn.clone();
        let handshake = certificate.acceptor().accept(stream);
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(self.times.header, handshake) => shaken,
            () = turn.told_to_go() => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.serve(stream, true).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS handshake"),
            Err(_) => tracing::debug!("the TLS handshake took too long"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, by_tls: bool) {
        let Self { router, peer, seat, times, mut stopped } = self;
        let turn = &seat.turn;
        let stream = Watched::new(stream, turn.clone(), times.header, times.write);
        let service = service_fn(|request: Request<Incoming>| {
            answer(router.clone(), request, Peer(peer.ip()), turn.clone(), by_tls)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // Counts from the last answer on, so this is how long a connection may be idle. That headers
            // arrive in time, once they have begun, is seen to by the stream.
            .header_read_timeout(times.idle)
            .max_headers(HEAD_COUNT_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let mut stopping = false;
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                () = turn.told_to_go() => return,
                _ = stopped.wait_for(|stopped| *stopped), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

/// The connection was told to go before the request was whole.
#[derive(Debug, thiserror::Error)]
#[error("the connection was told to go")]
struct ToldToGo;

async fn answer(
    mut router: Router,
    mut request: Request<Incoming>,
    peer: Peer,
    turn: Arc<Turn>,
    by_tls: bool,
) -> Result<Response<Answered>, ToldToGo> {
    if !turn.asked() {
        return Err(ToldToGo);
    }
    let over = Over(turn);
    request.extensions_mut().insert(peer);
    let response = router.call(request).await;
    let mut response = response.unwrap_or_else(|never: Infallible| match never {});
    secure(&mut response, by_tls);
    Ok(response.map(|body| Answered { body, _over: over }))
}

/// Tells the connection that a request is answered, one way or the other.
struct Over(Arc<Turn>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// A body that tells when it is over.
struct Answered {
    body: Body,
    _over: Over,
}

impl HttpBody for Answered {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
