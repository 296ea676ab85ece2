//! People who log in to the console, with a real issuer, the real API, and the test as the browser.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use embedded::issuer::{AUDIENCE, Claims, Issuer};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::support::World;
use crate::support::process::Process;

/// An issuer, an API that believes it, and the folder of a person.
struct Desk {
    _world: World,
    issuer: Issuer,
    _api: Process,
    home: PathBuf,
}

impl Desk {
    async fn start() -> Self {
        let world = World::new().await;
        let issuer = Issuer::start(None).await.expect("an issuer");
        let url = issuer.url();
        let variables = [
            ("HOLDFAST_AUTH", "on"),
            ("HOLDFAST_AUTH_ISSUER", url.as_str()),
            ("HOLDFAST_AUTH_AUDIENCE", AUDIENCE),
            ("HOLDFAST_AUTH_ALLOW_HTTP", "true"),
        ];
        let api = Process::api_with(&world.url, "127.0.0.1:0", "127.0.0.1:0", &variables);
        let home = std::env::temp_dir().join(format!("holdfast-login-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(home.join("holdfast")).expect("a folder");
        let address = api.admin.as_deref().expect("an address");
        let config = format!(
            "default = \"here\"\n[contexts.here]\naddress = \"http://{address}\"\n\
             login = {{ issuer = \"{url}\", client_id = \"console\" }}\n"
        );
        std::fs::write(home.join("holdfast/admin.toml"), config).expect("a file");
        Self { _world: world, issuer, _api: api, home }
    }

    fn console(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-e2e"));
        command.arg("console").args(arguments).env_remove("HOLDFAST_ADMIN_TOKEN");
        command.env("XDG_CONFIG_HOME", &self.home).env("XDG_STATE_HOME", &self.home);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end without keeping the issuer from answering.
    async fn run(&self, arguments: &[&str]) -> (bool, String) {
        let child = self.console(arguments).spawn().expect("a process");
        told(child).await
    }

    /// What is shown of the system, and whether it may be.
    async fn overview(&self) -> (bool, String) {
        self.run(&["overview", "-o", "json"]).await
    }

    fn kept(&self) -> Value {
        let file = self.home.join("holdfast/login-here.json");
        serde_json::from_slice(&std::fs::read(file).expect("a login")).expect("JSON")
    }

    fn keep(&self, kept: &Value) {
        let file = self.home.join("holdfast/login-here.json");
        std::fs::write(file, kept.to_string()).expect("a file");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.home).ok();
    }
}

async fn told(child: Child) -> (bool, String) {
    let wait = tokio::task::spawn_blocking(|| child.wait_with_output());
    let Output { status, stdout, stderr } = wait.await.expect("a task").expect("its end");
    let text = String::from_utf8([stdout, stderr].concat()).expect("text");
    (status.success(), text)
}

fn olga() -> Claims {
    Claims::of("olga").role("operator")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_confirms_a_code_and_the_console_is_open_until_the_logout() {
    let desk = Desk::start().await;
    let (good, told_before) = desk.overview().await;
    assert!(!good && told_before.contains("holdfast-admin --context here login"), "{told_before}");

    let mut command = tokio::process::Command::from(desk.console(&["login"]));
    let mut login = command.kill_on_drop(true).spawn().expect("a process");
    let mut lines = BufReader::new(login.stderr.take().expect("what it tells")).lines();
    let line = lines.next_line().await.expect("a line").expect("an address");
    assert_eq!(line, format!("open {}/activate", desk.issuer.url()));
    let line = lines.next_line().await.expect("a line").expect("a code");
    assert_eq!(line, "and confirm the code WDJB-MJHT");
    desk.issuer.admit(Some(olga()));
    assert!(login.wait().await.expect("its end").success());

    let (good, shown) = desk.overview().await;
    assert!(good, "{shown}");
    let mode = std::fs::metadata(desk.home.join("holdfast/login-here.json")).expect("a file");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    let (good, refused) = desk.run(&["--address", "http://127.0.0.1:9", "overview"]).await;
    assert!(!good && refused.contains("the login is for"), "{refused}");

    assert!(desk.run(&["logout"]).await.0);
    assert!(!desk.overview().await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_brings_the_code_and_nobody_else_can() {
    let desk = Desk::start().await;
    desk.issuer.admit(Some(olga()));
    let mut command = tokio::process::Command::from(desk.console(&["login", "--browser"]));
    let mut login = command.kill_on_drop(true).spawn().expect("a process");
    let mut lines = BufReader::new(login.stderr.take().expect("what it tells")).lines();
    let line = lines.next_line().await.expect("a line").expect("an address");
    let address =
        reqwest::Url::parse(line.strip_prefix("open ").expect("an address")).expect("one");
    let (_, back) = address.query_pairs().find(|(name, _)| name == "redirect_uri").expect("one");
    let forged =
        reqwest::get(format!("{back}?code=stolen&state=guessed")).await.expect("an answer");
    assert_eq!(forged.status(), 404);
    let page = reqwest::get(address.clone()).await.expect("an answer");
    assert_eq!(page.text().await.expect("a page"), "Logged in. You may close this page.");
    assert!(login.wait().await.expect("its end").success());
    assert!(desk.overview().await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_renewed_before_it_ends_by_one_console_for_all() {
    let desk = Desk::start().await;
    desk.issuer.admit(Some(Claims { lifetime: Duration::from_hours(1), ..olga() }));
    let browser = desk.console(&["login"]).spawn().expect("a process");
    assert!(told(browser).await.0);
    let mut kept = desk.kept();
    kept["expires_at"] = 0.into();
    desk.keep(&kept);
    let runs = futures::future::join_all((0..4).map(|_| desk.overview())).await;
    assert!(runs.iter().all(|(good, _)| *good), "{runs:?}");
    assert_eq!(desk.issuer.renewed(), 1);
    assert_ne!(desk.kept()["refresh_token"], kept["refresh_token"]);

    // The refresh token of before is no good any more.
    desk.keep(&kept);
    let (good, refused) = desk.overview().await;
    assert!(!good && refused.contains("log in again"), "{refused}");
}
