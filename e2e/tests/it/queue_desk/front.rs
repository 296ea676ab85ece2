//! An endpoint in front of the real one: it passes on what it is asked, but for what a test
//! wants answered otherwise. Message move tasks, which the real one does not have, and
//! answers that do not come are to be had no other way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use embedded::sqs::Endpoint;
use serde_json::Value;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Desk;
use crate::support::{http, http_client};

/// What becomes of an action in the place of the real endpoint's answer.
#[derive(Clone)]
pub enum Turn {
    /// This status and body.
    Say(u16, Value),
    /// It is done, and the answer never comes.
    KeepSilent,
}

#[derive(Default)]
struct Known {
    turns: HashMap<String, Turn>,
    asked: HashMap<String, usize>,
}

/// It ends when this is dropped.
pub struct Front {
    known: Arc<Mutex<Known>>,
    serving: JoinHandle<()>,
}

impl Front {
    /// A desk that asks the real endpoint through this.
    pub async fn desk() -> (Desk, Self) {
        let endpoint = Endpoint::start(None).await.expect("an endpoint");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let known = Arc::<Mutex<Known>>::default();
        let (behind, asked) = (endpoint.url(), known.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behind.clone(), asked.clone()));
            }
        });
        (Desk::at(url, Some(endpoint), "", 2).await, Self { known, serving })
    }

    /// From now on this is what becomes of the action.
    pub fn turn(&self, action: &str, turn: Turn) {
        self.known.lock().expect("turns").turns.insert(action.to_owned(), turn);
    }

    /// From now on this is the answer to the action.
    pub fn say(&self, action: &str, status: u16, body: Value) {
        self.turn(action, Turn::Say(status, body));
    }

    /// From now on the real endpoint answers the action.
    pub fn pass_on(&self, action: &str) {
        self.known.lock().expect("turns").turns.remove(action);
    }

    /// How often the action was asked for.
    pub fn asked(&self, action: &str) -> usize {
        self.known.lock().expect("turns").asked.get(action).copied().unwrap_or(0)
    }

    /// Waits until the action was asked for so often.
    pub async fn until_asked(&self, action: &str, count: usize) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.asked(action) < count {
            assert!(
                Instant::now() < deadline,
                "{action} is asked for {} times",
                self.asked(action)
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(stream: TcpStream, behind: String, known: Arc<Mutex<Known>>) {
    let client = http_client();
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = http::request(&mut stream).await {
        let target =
            head.lines().find(|line| line.to_ascii_lowercase().starts_with("x-amz-target"));
        let action = target.and_then(|line| line.rsplit('.').next()).unwrap_or_default().to_owned();
        let turn = {
            let mut known = known.lock().expect("turns");
            *known.asked.entry(action.clone()).or_default() += 1;
            known.turns.get(&action).cloned()
        };
        let (status, said) = if let Some(Turn::Say(status, said)) = &turn {
            (*status, said.to_string())
        } else {
            let asked = client.post(&behind).header("Content-Type", "application/x-amz-json-1.0");
            let asked = asked.header("X-Amz-Target", format!("AmazonSQS.{action}")).body(body);
            let Ok(answer) = asked.send().await else { return };
            (answer.status().as_u16(), answer.text().await.unwrap_or_default())
        };
        if let Some(Turn::KeepSilent) = turn {
            std::future::pending::<()>().await;
        }
        let answer = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{said}",
            said.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
