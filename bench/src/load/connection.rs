use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{self, Head};

/// Before the first answer; more than one of them needs.
const ROOM: usize = 2_048;

/// A connection that is kept, and opened again when it breaks.
pub(crate) struct Connection {
    addr: SocketAddr,
    stream: Option<TcpStream>,
    /// What has come in of the answer.
    bytes: Vec<u8>,
}

/// An answer, until the next request is sent.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    body: &'a [u8],
}

impl Connection {
    /// Not opened yet.
    pub(crate) fn new(addr: SocketAddr) -> Self {
        Self { addr, stream: None, bytes: Vec::with_capacity(ROOM) }
    }

    /// Sends a request and reads the answer. After an error nobody knows whether the request was carried out.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let stream = TcpStream::connect(self.addr).await?;
            stream.set_nodelay(true)?;
            stream
        };
        stream.write_all(request).await?;
        let head = read(&mut stream, &mut self.bytes).await?;
        // Only a connection that answered well is used again.
        self.stream = Some(stream);
        let body = self.bytes.get(head.body..head.end).unwrap_or_default();
        Ok(Answer { status: head.status, body })
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<Head> {
    bytes.clear();
    loop {
        if stream.read_buf(bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let head = http::head(bytes).map_err(|_| Error::from(ErrorKind::InvalidData))?;
        if let Some(head) = head.filter(|head| bytes.len() >= head.end) {
            return Ok(head);
        }
    }
}

impl Answer<'_> {
    /// The first `"id"` of the body: of the transfer, because that is its first field.
    pub(crate) fn first_id(&self) -> Option<[u8; 36]> {
        self.body.strip_prefix(b"{\"id\":\"")?.first_chunk().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_transfer_is_found() {
        let body = b"{\"id\":\"01941f29-7cab-7000-8000-0000000000ab\",\"kind\":\"transfer\"}";
        let id = Answer { status: 202, body }.first_id();
        assert_eq!(id.as_ref(), Some(b"01941f29-7cab-7000-8000-0000000000ab"));
        assert_eq!(Answer { status: 202, body: b"{}" }.first_id(), None);
    }
}
