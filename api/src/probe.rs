//! `holdfast-api health`: asks a process of ours how it is, for health checks of containers. An image without a
//! shell has no other program for that.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Shorter than the time that a health check gives its program.
const PATIENCE: Duration = Duration::from_secs(2);
/// The status line, and a sentence of the body.
const ANSWER_BYTES_MAX: u64 = 2_048;
/// Where clients connect when nothing else is configured.
const PORT: u16 = 8080;

/// Asks, when the arguments begin with `health [live|ready|started] [HOST:PORT]`; none when they do not.
/// Without an address it is that of the API in the same container.
///
/// # Errors
/// A sentence with what it said, when it is not as asked for or does not answer.
pub fn asked(arguments: &[&str]) -> Option<Result<(), String>> {
    match arguments {
        ["health"] => Some(ask("live", &own())),
        ["health", what @ ("live" | "ready" | "started")] => Some(ask(what, &own())),
        ["health", what @ ("live" | "ready" | "started"), address] => Some(ask(what, address)),
        ["health", ..] => {
            Some(Err("usage: holdfast-api health [live|ready|started] [HOST:PORT]".to_owned()))
        }
        _ => None,
    }
}

/// The loopback with the API's own port: it may listen on all addresses of its container.
fn own() -> String {
    let configured = std::env::var("HOLDFAST_API_ADDR").unwrap_or_default();
    let port = configured.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(PORT);
    format!("127.0.0.1:{port}")
}

fn ask(what: &str, address: &str) -> Result<(), String> {
    let answer = get(what, address).map_err(|error| format!("{address}: {error}"))?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if status == "200" {
        return Ok(());
    }
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Err(format!("{address} is not {what}: {status} {}", body.trim()))
}

fn get(what: &str, address: &str) -> std::io::Result<String> {
    let nowhere = || std::io::Error::other("no such address");
    let at = address.to_socket_addrs()?.next().ok_or_else(nowhere)?;
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health/{what} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
