//! An operator API within the test's process, and somebody who asks it.

use std::time::{Duration, Instant};

use api::{Config, Server};
use domain::operator::OperatorRole;
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::sync::oneshot;

use super::{World, http_client};

/// What is not as wanted by then never will be.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// On a machine with much else to do, the first sample of the overview may come too late.
const UNAVAILABLE_MAX: Duration = Duration::from_secs(20);

/// An operator with a token.
pub struct Admin {
    /// Where the routes begin.
    pub address: String,
    /// Where clients ask.
    pub public: String,
    pub http: Client,
    token: String,
    /// The API ends when this is dropped.
    #[expect(dead_code, reason = "kept to the end")]
    stop: oneshot::Sender<()>,
}

impl Admin {
    /// An API on this world, and an operator of this name and role.
    pub async fn start(world: &World, name: &str, role: OperatorRole) -> Self {
        Self::start_with(world, name, role, Config::new(&world.url)).await
    }

    /// The same of an API that is set up in this way.
    pub async fn start_with(world: &World, name: &str, role: OperatorRole, config: Config) -> Self {
        let free = ([127, 0, 0, 1], 0).into();
        let config = Config { public_addr: free, admin_addr: free, ..config };
        let server = Server::bind(&config).await.expect("an API");
        let address = format!("http://{}/admin/v1", server.admin_addr());
        let public = format!("http://{}", server.public_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.serve(async move { stopped.await.unwrap_or_default() }));
        let token = store::operators::issue(&world.reads, name, role).await.expect("a token");
        Self { address, public, http: http_client(), token, stop }
    }

    /// Status and body of an answer.
    pub async fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.address));
        let request = request.bearer_auth(&self.token).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    /// The same of a read; one that is told to come later does.
    pub async fn read(&self, path: &str) -> (u16, Value) {
        let deadline = Instant::now() + UNAVAILABLE_MAX;
        loop {
            let (status, body) = self.ask(Method::GET, path, &Value::Null).await;
            if status != 503 || Instant::now() > deadline {
                return (status, body);
            }
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.read(path).await;
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    /// Asks until the answer is as wanted.
    pub async fn until(&self, what: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let body = self.get(path).await;
            if wanted(&body) {
                return body;
            }
            assert!(Instant::now() < deadline, "still not so: {what}: {body:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
