//! The client of one stream: writes lines, and reads answers, at the same time.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{Error, ErrorKind, Result};
use std::rc::Rc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

use crate::wallets::wallet_id;

/// Bytes of lines that are written at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Answers out of order that are kept to be shown.
const DISORDER_SHOWN: usize = 5;

/// What the answers say so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) answered: u64,
    pub(super) accepted: u64,
    /// The first answers that did not stand where they should.
    pub(super) disorder: Vec<String>,
    /// What the last line says.
    pub(super) end: Option<String>,
    /// When it came.
    pub(super) ended: Option<Instant>,
}

/// Writes a request with so many lines. Gives the connection back: a client that closes its side of it is
/// taken for gone.
pub(super) async fn write(
    mut output: OwnedWriteHalf,
    lines: u64,
    wallets: u64,
) -> Result<OwnedWriteHalf> {
    let head = "POST /v1/transfers/stream HTTP/1.1\r\nhost: bench\r\ncontent-type: application/x-ndjson\r\n\
                transfer-encoding: chunked\r\n\r\n";
    output.write_all(head.as_bytes()).await?;
    let mut text = String::with_capacity(CHUNK_BYTES + 512);
    for number in 0..lines {
        push_line(&mut text, number, wallets);
        if text.len() >= CHUNK_BYTES || number + 1 == lines {
            output.write_all(format!("{:x}\r\n", text.len()).as_bytes()).await?;
            text.push_str("\r\n");
            output.write_all(text.as_bytes()).await?;
            text.clear();
        }
    }
    output.write_all(b"0\r\n\r\n").await?;
    Ok(output)
}

/// One command, between two wallets that are never the same.
fn push_line(text: &mut String, number: u64, wallets: u64) {
    let from = number.wrapping_mul(7_919) % wallets;
    let to = (from + 1 + number % (wallets - 1)) % wallets;
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "{{\"idempotency_key\":\"line-{number}\",\"source_wallet_id\":\"{}\",\"destination_wallet_id\":\"{}\",\
         \"amount_minor\":{},\"currency\":\"EUR\"}}",
        wallet_id(from),
        wallet_id(to),
        1 + number % 100,
    );
}

/// Reads the answer to its end.
pub(super) async fn read(input: OwnedReadHalf, seen: Rc<RefCell<Seen>>) -> Result<()> {
    let mut input = BufReader::with_capacity(CHUNK_BYTES, input);
    let mut line = String::new();
    input.read_line(&mut line).await?;
    if !line.starts_with("HTTP/1.1 200 ") {
        return Err(Error::other(format!("the answer is {}", line.trim())));
    }
    while line.trim() != "" {
        line.clear();
        input.read_line(&mut line).await?;
    }
    let (mut body, mut chunk) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        input.read_line(&mut line).await?;
        let length = usize::from_str_radix(line.trim(), 16);
        let length = length.map_err(|_| Error::from(ErrorKind::UnexpectedEof))?;
        chunk.resize(length + 2, 0);
        input.read_exact(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        body.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let whole = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let rest = body.split_off(whole);
        let mut seen = seen.borrow_mut();
        body.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .for_each(|line| seen.note(line));
        body = rest;
    }
}

impl Seen {
    fn note(&mut self, line: &[u8]) {
        let answer: Value = serde_json::from_slice(line).unwrap_or_default();
        let word = |name: &str| answer.get(name).and_then(Value::as_str);
        if let Some(end) = word("end") {
            (self.end, self.ended) = (Some(end.to_owned()), Some(Instant::now()));
            return;
        }
        self.answered += 1;
        self.accepted += u64::from(word("status") == Some("accepted"));
        let number = answer.get("line").and_then(Value::as_u64);
        if number != Some(self.answered) && self.disorder.len() < DISORDER_SHOWN {
            self.disorder.push(format!("answer {} is for line {number:?}", self.answered));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_command_between_two_wallets() {
        for number in 0..1_000 {
            let mut text = String::new();
            push_line(&mut text, number, 7);
            let line: Value = serde_json::from_str(&text).unwrap();
            assert_ne!(line["source_wallet_id"], line["destination_wallet_id"]);
            assert!(line["amount_minor"].as_u64().unwrap() > 0);
        }
    }

    #[test]
    fn answers_that_are_missing_or_in_another_order_are_noticed() {
        let mut seen = Seen::default();
        for line in [1, 2, 4] {
            seen.note(format!("{{\"line\":{line},\"status\":\"accepted\"}}").as_bytes());
        }
        seen.note(b"{\"end\":\"complete\"}");
        assert_eq!((seen.answered, seen.accepted, seen.end.as_deref()), (3, 3, Some("complete")));
        assert_eq!(seen.disorder, ["answer 3 is for line Some(4)"]);
    }
}
