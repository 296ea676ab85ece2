//! The console in a real terminal: keys in, screen out, on a running stack.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use domain::answer::Awaited;
use domain::group::Boundaries;
use domain::operator::OperatorRole;
use domain::saga::{Step, StuckReason};
use domain::transfer::{TransferKind, TransferStatus};
use serde_json::Value;
use store::operators;

use crate::desk::screening_fails;
use crate::support::process::Process;
use crate::support::{World, rules, transfer};

/// What a filter of the console offers is what the service knows: the console knows no more of it
/// than these words.
#[test]
fn filters_offer_the_words_of_the_domain() {
    fn words<T: Copy + ToString>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    let offered = |view: &str, filter: &str| -> Vec<String> {
        let view = admin_tui::view::find(view).expect("a view");
        let filter = view.filters.iter().find(|one| one.name == filter).expect("a filter");
        words(filter.words)
    };
    assert_eq!(offered("transfers", "status"), words(TransferStatus::ALL));
    assert_eq!(offered("transfers", "kind"), words(TransferKind::ALL));
    assert_eq!(offered("transfers", "waiting_for"), words(Awaited::ALL));
    assert_eq!(offered("dead-letters", "step"), words(Step::ALL));
    assert_eq!(offered("dead-letters", "reason"), words(StuckReason::ALL));
    assert_eq!(offered("dead-letters", "saga"), words(TransferKind::ALL));
}

/// A screen that does not show what it should by then never will.
const SHOW_MAX: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// A terminal of tmux with a shell in it.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// With these variables; `$CONSOLE` is the program.
    fn start(variables: &[(&str, &str)]) -> Self {
        let terminal = Self { socket: format!("holdfast-{}", uuid::Uuid::new_v4()) };
        let mut command = terminal.tmux();
        command.args(["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "sh"]);
        command.env("CONSOLE", env!("CARGO_BIN_EXE_holdfast-e2e"));
        command.env("TERM", "xterm-256color").envs(variables.iter().copied());
        let status = command.status().expect("tmux, which this test needs: apt-get install tmux");
        assert!(status.success(), "tmux did not start");
        terminal
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-u", "-L", &self.socket]).stdin(Stdio::null());
        command
    }

    fn send(&self, arguments: &[&str]) {
        let status = self.tmux().arg("send-keys").args(arguments).status().expect("tmux");
        assert!(status.success(), "{arguments:?}");
    }

    /// Keys by their names, such as `Enter`.
    fn keys(&self, keys: &[&str]) {
        self.send(keys);
    }

    /// Letters.
    fn type_text(&self, text: &str) {
        self.send(&["-l", text]);
    }

    fn screen(&self) -> String {
        let output = self.tmux().args(["capture-pane", "-p"]).output().expect("tmux");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until the screen shows this.
    fn wait_for(&self, what: &str) -> String {
        self.wait_until(what, |screen| screen.contains(what))
    }

    fn wait_until(&self, what: &str, shown: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if shown(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < SHOW_MAX, "the screen does not show {what}:\n{screen}");
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux().arg("kill-server").stderr(Stdio::null()).status().ok();
    }
}

/// A world with three transfers that died of one cause.
async fn three_dead() -> (World, Vec<domain::ids::TransferId>) {
    let world = World::new().await;
    let wallets = world.wallets(2, 1_000_000).await;
    let commands: Vec<_> =
        [1_001, 2_002, 3_003].map(|amount| transfer(wallets[0], wallets[1], amount)).into();
    let ids = world.accept(&commands).await;
    world.drive(&rules(Boundaries::Fused, screening_fails()), &ids).await;
    (world, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_found_forecast_redriven_and_audited() {
    let (world, ids) = three_dead().await;
    let token = operators::issue(&world.reads, "olga", OperatorRole::Operator).await;
    let api = Process::api(&world.url, "127.0.0.1:0");
    let _worker = Process::jobs(&world.url, &[("HOLDFAST_ROLES", "sagas,desk")]);
    let address = format!("http://{}", api.admin.as_deref().expect("its address"));
    let terminal = Terminal::start(&[
        ("HOLDFAST_ADMIN_TOKEN", &token.expect("a token")),
        ("HOLDFAST_ADMIN_ADDRESS", &address),
    ]);

    terminal.type_text("$CONSOLE console --allow-changes");
    terminal.keys(&["Enter"]);
    terminal.wait_for("olga (operator)");
    terminal.wait_for("CONSERVED");
    terminal.keys(&["3"]);
    let groups = terminal.wait_for("screen/transient/injected");
    assert!(groups.contains("60.06 EUR"), "the money that they hold: {groups}");
    terminal.keys(&["R"]);
    terminal.wait_for("Makes a redrive plan");
    terminal.keys(&["Enter"]);
    let plan = terminal.wait_for("would end as");
    assert!(plan.contains("draft") && plan.contains("settle"), "{plan}");
    terminal.keys(&["A"]);
    terminal.wait_for("Sends the items of this plan");
    // The page behind it shows the hash too: in the dialog it has a frame before it.
    terminal.wait_until("the hash in the dialog", |screen| {
        screen.lines().filter_map(|line| line.split_once('│')).any(|(_, line)| {
            line.trim_start().starts_with("hash")
                && line.split_whitespace().any(|word| word.len() == 64)
        })
    });
    terminal.type_text("the provider is back");
    terminal.keys(&["Enter"]);
    terminal.wait_for("receipt");
    terminal.wait_until("the end of the plan", |screen| {
        screen.lines().any(|line| line.contains("status") && line.contains("done"))
    });
    terminal.keys(&["9"]);
    let audit = terminal.wait_for("the provider is back");
    assert!(audit.contains("olga"), "{audit}");

    terminal.keys(&["q"]);
    terminal.wait_for("$CONSOLE console");
    terminal.type_text("stty -a");
    terminal.keys(&["Enter"]);
    terminal.wait_until("a terminal as it was", |screen| {
        screen.contains(" echo ") && screen.contains(" icanon ")
    });
    for id in ids {
        assert_eq!(world.status(id).await, TransferStatus::Settled);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_found_again_and_nothing_typed_is_lost() {
    let (world, _) = three_dead().await;
    let token = operators::issue(&world.reads, "vera", OperatorRole::Viewer).await;
    let mut api = Process::api(&world.url, "127.0.0.1:0");
    let admin = api.admin.clone().expect("its address");
    let terminal = Terminal::start(&[
        ("HOLDFAST_ADMIN_TOKEN", &token.expect("a token")),
        ("HOLDFAST_ADMIN_ADDRESS", &format!("http://{admin}")),
    ]);
    terminal.type_text("$CONSOLE console --allow-changes");
    terminal.keys(&["Enter"]);
    terminal.wait_for("vera (viewer)");
    terminal.keys(&["3"]);
    terminal.wait_for("screen/transient/injected");
    terminal.keys(&["R"]);
    terminal.wait_for("this token is a viewer's");
    terminal.type_text("/screen");
    terminal.wait_for("/screen");

    api.kill();
    let stale = terminal.wait_for("STALE");
    assert!(stale.contains("screen/transient/injected"), "what was read stays: {stale}");
    assert!(stale.contains("/screen"), "{stale}");
    let _api = Process::api_at(&world.url, "127.0.0.1:0", &admin);
    let fresh = terminal.wait_until("fresh data", |screen| !screen.contains("STALE"));
    assert!(fresh.contains("/screen"), "{fresh}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_switch_can_be_turned_from_a_shell_and_is_in_the_audit() {
    let world = World::new().await;
    let token = operators::issue(&world.reads, "ada", OperatorRole::Approver).await;
    let token = token.expect("a token");
    let api = Process::api(&world.url, "127.0.0.1:0");
    let address = format!("http://{}", api.admin.as_deref().expect("its address"));
    let console = |arguments: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-e2e"));
        command.args(["console", "--address", &address, "-o", "json"]).args(arguments);
        let output = command.env("HOLDFAST_ADMIN_TOKEN", &token).output().expect("the console");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let switches = console(&["switches"]);
    for switch in switches.as_array().expect("a list") {
        let field = |name: &str| switch[name].as_str().unwrap_or_default();
        let id = match (field("kind"), field("subject")) {
            (kind, "") => kind.to_owned(),
            (kind, subject) => format!("{kind}/{subject}"),
        };
        let on = switch["on"] == true;
        // And back again.
        for on in [!on, on] {
            let act = if on { "turn-on" } else { "turn-off" };
            let turned = console(&["switches", act, &id, "--reason", "a drill"]);
            assert_eq!(turned["on"], on, "{act} {id}");
        }
    }
    let newest = &console(&["audit"])[0];
    let entry = console(&["audit-entry", &newest["seq"].to_string()]);
    assert_eq!(entry, *newest);
    assert_eq!(entry["reason"], "a drill");
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let terminal = Terminal::start(&[]);
        let file = std::env::temp_dir().join(format!("holdfast-pid-{}", uuid::Uuid::new_v4()));
        let name = file.display();
        let run = format!("sh -c 'echo $$ > {name}; exec $CONSOLE console --demo'; echo ended=$?");
        terminal.type_text(&run);
        terminal.keys(&["Enter"]);
        terminal.wait_for("recorded");
        let pid = std::fs::read_to_string(&file).expect("its process id");
        std::fs::remove_file(&file).ok();
        let sent = Command::new("kill").args([&format!("-{signal}"), pid.trim()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "no process {pid}");
        terminal.wait_for(&format!("ended={code}"));
        terminal.type_text("stty -a");
        terminal.keys(&["Enter"]);
        terminal.wait_until("a terminal as it was", |screen| {
            screen.contains(" echo ") && screen.contains(" icanon ")
        });
    }
}
