//! Secrets stay secret: the program itself, with every line that it or a library of its could log, is used with
//! secrets of every sort, and its logs are searched for them.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use domain::operator::OperatorRole;
use embedded::issuer::{AUDIENCE, Claims, Issuer};
use embedded::testing::TestDatabase;
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::PgPool;

const WEBHOOK: &str = "webhook-secret-3f9a1c77";
const WEBHOOK_OLD: &str = "webhook-secret-of-old-8d21";
const WRONG_TOKEN: &str = "client-token-6b5e0d42";
const SIGNATURE: &str = "5ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4e75ec4";

/// Longer than the start takes.
const START_MAX: Duration = Duration::from_mins(1);

/// The program at work.
struct Program {
    child: Child,
    lines: Receiver<String>,
    /// What was read so far.
    log: Vec<String>,
}

impl Program {
    fn start(database_url: &str, issuer: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_holdfast-api"))
            .env("DATABASE_URL", database_url)
            .env("DATABASE_READ_URL", database_url)
            .env("HOLDFAST_API_ADDR", "127.0.0.1:0")
            .env("HOLDFAST_ADMIN_ADDR", "127.0.0.1:0")
            .env("HOLDFAST_AUTH_ISSUER", issuer)
            .env("HOLDFAST_AUTH_AUDIENCE", AUDIENCE)
            .env("HOLDFAST_PAYOUT_WEBHOOK_SECRET", WEBHOOK)
            .env("HOLDFAST_PAYOUT_WEBHOOK_SECRET_OLD", WEBHOOK_OLD)
            .env("HOLDFAST_LOG", "trace")
            .env("HOLDFAST_LOG_FORMAT", "json")
            .env("HOLDFAST_RATE_KEY", "1:8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let out: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in out {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines() {
                    send.send(line.unwrap()).ok();
                }
            });
        }
        Self { child, lines, log: Vec::new() }
    }

    /// The addresses that it listens on.
    fn addresses(&mut self) -> [String; 2] {
        loop {
            let line = self.lines.recv_timeout(START_MAX).unwrap();
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            self.log.push(line);
            if event["message"] == "listening" {
                return ["public", "admin"]
                    .map(|name| format!("http://{}", event[name].as_str().unwrap()));
            }
        }
    }

    /// Ends it, and gives all that it has said.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(self.child.wait().unwrap().success());
        self.log.extend(self.lines.iter());
        self.log.join("\n")
    }
}

/// An API key that was made and used once.
async fn used_key(client: &Client, public: &str, admin: &str, operator: &str) -> String {
    let wanted = json!({ "name": "till", "scopes": ["wallet:read"], "reason": "a test" });
    let request = client.post(format!("{admin}/admin/v1/api-keys")).bearer_auth(operator);
    let made: Value = request.json(&wanted).send().await.unwrap().json().await.unwrap();
    let key = made["key"].as_str().unwrap();
    let read = client.get(format!("{public}/v1/wallets")).bearer_auth(key).send().await.unwrap();
    assert_eq!(read.status(), 200);
    key.to_owned()
}

#[tokio::test]
async fn no_secret_is_in_the_logs_of_a_whole_run() {
    let db = TestDatabase::create().await.unwrap();
    let pool = PgPool::connect(db.url()).await.unwrap();
    let operator = store::operators::issue(&pool, "ann", OperatorRole::Approver).await.unwrap();
    let password = db.url().split(['@', ':']).nth(2).unwrap().to_owned();
    let issuer = Issuer::start(None).await.unwrap();
    let token = issuer.token(&Claims::of("somebody").scope("wallet:read wallet:write"));
    let mut program = Program::start(db.url(), &issuer.url());
    let [public, admin] = program.addresses();
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = Client::builder().no_proxy().build().unwrap();

    // Well used, badly used, and used too often.
    let wallet = json!({ "owner_id": "somebody", "currency": "EUR" });
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let request = client.post(format!("{public}/v1/wallets")).bearer_auth(&token);
        statuses.push(request.json(&wallet).send().await.unwrap().status().as_u16());
    }
    assert!(statuses.contains(&201) && statuses.contains(&429), "{statuses:?}");
    for (token, path) in [
        (operator.as_str(), "/admin/v1/me"),
        (operator.as_str(), "/admin/v1/queues/none/pause"),
        (WRONG_TOKEN, "/admin/v1/me"),
        (token.as_str(), "/admin/v1/me"),
        (operator.as_str(), "/admin/v1/audit?cursor=none"),
    ] {
        client.get(format!("{admin}{path}")).bearer_auth(token).send().await.unwrap();
    }
    let reason = json!({ "reason": "a test" });
    let pause = client.post(format!("{admin}/admin/v1/queues/outbox/pause"));
    let paused = pause.bearer_auth(&operator).json(&reason).send().await.unwrap();
    assert_eq!(paused.status(), 200);
    let key = &used_key(&client, &public, &admin, &operator).await;
    let notice = client
        .post(format!("{public}/v1/providers/payouts/notices"))
        .header("holdfast-signature", format!("t=1,v1={SIGNATURE}"))
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(notice.status(), 401);
    // What is no request at all.
    let address = public.trim_start_matches("http://").to_owned();
    tokio::task::spawn_blocking(move || {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "NONSENSE\r\nauthorization: Bearer {WRONG_TOKEN}\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    })
    .await
    .unwrap();

    let log = program.stop();
    assert!(log.contains("was refused"), "the log tells of requests");
    for (name, secret) in [
        ("the password of the database", password.as_str()),
        ("the token of an operator", operator.as_str()),
        ("the secret of a webhook", WEBHOOK),
        ("the old secret of a webhook", WEBHOOK_OLD),
        ("the token of a client", token.as_str()),
        ("the signature of a token", token.rsplit('.').next().unwrap()),
        ("an API key", key.as_str()),
        ("the secret of an API key", key.rsplit('_').next().unwrap()),
        ("what is no token", WRONG_TOKEN),
        ("a signature", SIGNATURE),
    ] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{name} is in the log");
    }
}
