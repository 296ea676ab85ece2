//! A connection whose other end has a time to be slow in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::turn::Turn;

/// Bytes of a connection. Reading fails when headers take too long, however steadily they drip;
/// writing fails when the client takes nothing for too long.
pub(super) struct Watched<S> {
    stream: S,
    turn: Arc<Turn>,
    header_max: Duration,
    write_max: Duration,
    /// When the headers have to be whole; none while none are due.
    headers_due: Option<Pin<Box<Sleep>>>,
    /// When the client has to have taken something; none while nothing waits for it.
    taking_due: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    pub(super) fn new(
        stream: S,
        turn: Arc<Turn>,
        header_max: Duration,
        write_max: Duration,
    ) -> Self {
        Self { stream, turn, header_max, write_max, headers_due: None, taking_due: None }
    }

    /// Ready when the headers are overdue.
    fn poll_headers_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.turn.owes_headers() {
            self.headers_due = None;
            return Poll::Pending;
        }
        let max = self.header_max;
        let due =
            self.headers_due.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + max)));
        due.as_mut().poll(cx)
    }

    /// What writing came to, unless it is overdue.
    fn check<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.taking_due = None;
            return poll;
        }
        let max = self.write_max;
        let due =
            self.taking_due.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + max)));
        ready!(due.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no answer")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            if buf.filled().len() > before {
                this.turn.heard();
            }
            // Bytes that keep coming do not put it off.
            let overdue = this.headers_due.is_some() && this.poll_headers_due(cx).is_ready();
            return Poll::Ready(if overdue { Err(too_slow()) } else { read });
        }
        ready!(this.poll_headers_due(cx));
        Poll::Ready(Err(too_slow()))
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client does not send its headers")
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.check(cx, poll)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_flush(cx);
        this.check(cx, poll)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.check(cx, poll)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(cx, parts);
        this.check(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const MAX: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn headers_that_drip_are_given_up_in_time() {
        let (mut client, server) = duplex(64);
        let mut server = Watched::new(server, Arc::default(), MAX, MAX);
        tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(MAX / 10).await;
            }
        });
        let started = Instant::now();
        let mut byte = [0];
        let error = loop {
            if let Err(error) = server.read_exact(&mut byte).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let taken = started.elapsed();
        assert!(taken >= MAX && taken < MAX * 10, "{taken:?}");
    }

    #[tokio::test]
    async fn a_body_may_take_longer_than_headers() {
        let (mut client, server) = duplex(64);
        let turn = Arc::new(Turn::default());
        let mut server = Watched::new(server, turn.clone(), MAX, MAX);
        assert!(turn.asked());
        tokio::spawn(async move {
            tokio::time::sleep(MAX * 2).await;
            client.write_all(b"x").await.unwrap();
            client
        });
        assert_eq!(server.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_client_that_takes_no_answer_is_given_up() {
        let (_client, server) = duplex(64);
        let mut server = Watched::new(server, Arc::default(), MAX, MAX);
        let error = server.write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
