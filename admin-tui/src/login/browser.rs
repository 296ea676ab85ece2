//! The code flow for programs on a person's own machine (RFC 8252): the browser brings the code to a listener on the
//! loopback.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use reqwest::Url;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::issuer::Issuer;
use super::proof::{Proof, random};
use super::{ANSWER_TIME_MAX, Grant, LoginError, PERSON_TIME_MAX};
use crate::out;

/// The first line of a request is no longer than what browsers send.
const LINE_BYTES_MAX: u64 = 16 * 1024;

pub(super) async fn run(issuer: &Issuer<'_>) -> Result<Grant, LoginError> {
    let name = &issuer.config.issuer;
    let endpoint = issuer.known.authorization_endpoint.as_deref();
    let endpoint = endpoint.ok_or(LoginError::NoWay(name.clone(), "a browser"))?;
    let port = issuer.config.redirect_port;
    let closed = |error| LoginError::Machine(format!("cannot listen on 127.0.0.1:{port}: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(closed)?;
    let redirect = format!("http://{}/", listener.local_addr().map_err(closed)?);

    let (proof, state) = (Proof::new()?, random()?);
    let mut address =
        Url::parse(endpoint).map_err(|error| LoginError::Away(name.clone(), error.to_string()))?;
    address
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &issuer.config.client_id)
        .append_pair("redirect_uri", &redirect)
        .append_pair("state", &state)
        .append_pair("code_challenge", &proof.challenge)
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(issuer.wanted());
    out::tell(&format!("open {address}"));

    let answer = timeout(PERSON_TIME_MAX, answer(&listener, &state)).await;
    let answer = answer.map_err(|_| LoginError::Late)?;
    if let Some(error) = answer.get("error") {
        let why = answer.get("error_description").unwrap_or(error);
        return Err(LoginError::Refused(why.clone()));
    }
    // An answer of another issuer (RFC 9207).
    if answer.get("iss").is_some_and(|issuer| issuer != name) {
        return Err(LoginError::Refused("another issuer has answered".to_owned()));
    }
    let code = answer.get("code").map(String::as_str).unwrap_or_default();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect.as_str()),
        ("code_verifier", proof.verifier.as_str()),
    ];
    issuer.grant(&form).await?.map_err(|no| LoginError::Refused(no.to_string()))
}

/// What the browser brings that has our state. Whatever else comes to the port is sent away.
async fn answer(listener: &TcpListener, state: &str) -> HashMap<String, String> {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let Ok(Some(answer)) = timeout(ANSWER_TIME_MAX, question(&mut stream)).await else {
            continue;
        };
        let ours = answer.get("state").is_some_and(|given| given == state);
        let (status, text) = match ours {
            true if answer.contains_key("error") => {
                ("200 OK", "The issuer said no. You may close this page.")
            }
            true => ("200 OK", "Logged in. You may close this page."),
            false => ("404 Not Found", "There is nothing here."),
        };
        let length = text.len();
        let head = "Content-Type: text/plain\r\nConnection: close\r\nCache-Control: no-store";
        let text = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{text}");
        // A browser that has gone has brought its answer all the same.
        stream.write_all(text.as_bytes()).await.ok();
        stream.shutdown().await.ok();
        if ours {
            return answer;
        }
    }
}

/// What stands behind the question mark of a request.
async fn question(stream: &mut TcpStream) -> Option<HashMap<String, String>> {
    let mut reader = BufReader::new(stream.take(LINE_BYTES_MAX));
    let mut line = String::new();
    reader.read_line(&mut line).await.ok()?;
    let target = line.strip_prefix("GET /")?.split(' ').next()?;
    // The rest of the head is read, so that closing the connection does not take the answer away.
    let mut rest = String::new();
    while reader.read_line(&mut rest).await.ok()? > 2 {
        rest.clear();
    }
    let url = Url::parse("http://127.0.0.1/").ok()?.join(target).ok()?;
    Some(url.query_pairs().into_owned().collect())
}
