//! A listener that can break off connections in the place of an answer, which axum's own
//! cannot.

use std::io;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// In the place of an answer: break the connection off.
#[derive(Debug, Clone, Copy)]
pub(super) struct HangUp;

/// Serves until aborted; the connections end with it.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // An answer is one small packet that must not wait for the next one.
                    stream.set_nodelay(true).ok();
                    let router = router.clone();
                    let answer = service_fn(move |request: Request<Incoming>| {
                        let router = router.clone();
                        async move {
                            let Ok(response) = router.oneshot(request.map(Body::new)).await;
                            // An error here ends the connection without a byte.
                            if response.extensions().get::<HangUp>().is_some() {
                                return Err(io::Error::other("the sandbox hangs up"));
                            }
                            Ok(response)
                        }
                    });
                    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                    connections.spawn(serving);
                }
                Err(error) => {
                    tracing::warn!(%error, "the sandbox provider cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
