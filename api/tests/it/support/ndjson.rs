//! A stream of commands by hand: what is sent when, and what is read when.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::Api;

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stream {
    input: BufReader<OwnedReadHalf>,
    pub output: OwnedWriteHalf,
    /// What has come of the answer's body and was not a whole line yet.
    body: Vec<u8>,
    has_head: bool,
}

impl Stream {
    /// Sends the head of a request with a body in chunks. The kernel buffers little of the answer.
    pub async fn open(api: &Api) -> Self {
        Self::open_as(api, "").await
    }

    /// The same, with this credential.
    pub async fn open_as(api: &Api, credential: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        let address = api.public.trim_start_matches("http://").parse().unwrap();
        let (input, mut output) = socket.connect(address).await.unwrap().into_split();
        let head = format!(
            "POST /v1/transfers/stream HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {credential}\r\n\
             content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        output.write_all(head.as_bytes()).await.unwrap();
        Self { input: BufReader::new(input), output, body: Vec::new(), has_head: false }
    }

    /// Sends a part of the body.
    pub async fn send(&mut self, text: &str) {
        self.output.write_all(chunk(text).as_bytes()).await.unwrap();
    }

    /// Ends the body.
    pub async fn finish(&mut self) {
        self.output.write_all(b"0\r\n\r\n").await.unwrap();
    }

    /// The next line of the answer; none when it has ended.
    pub async fn line(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.next_line()).await.unwrap()
    }

    /// All lines that are still to come.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        lines
    }

    async fn next_line(&mut self) -> Option<Value> {
        if !self.has_head {
            let status = self.raw_line().await;
            assert!(status.starts_with("HTTP/1.1 200"), "{status}");
            while !self.raw_line().await.is_empty() {}
            self.has_head = true;
        }
        loop {
            if let Some(end) = self.body.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.body.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let length = self.raw_line().await;
            let length = usize::from_str_radix(&length, 16).unwrap();
            let mut data = vec![0; length + 2];
            self.input.read_exact(&mut data).await.unwrap();
            if length == 0 {
                assert!(self.body.is_empty(), "the answer ends within a line");
                return None;
            }
            self.body.extend_from_slice(&data[..length]);
        }
    }

    async fn raw_line(&mut self) -> String {
        let mut line = String::new();
        self.input.read_line(&mut line).await.unwrap();
        assert!(line.ends_with("\r\n"), "the answer breaks off: {line:?}");
        line.trim_end().to_owned()
    }
}

/// A part of a body in the chunked encoding.
pub fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}
