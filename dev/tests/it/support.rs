use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// For one line to come or the program to end. Far more than any step needs, less than a person's patience; a machine
/// that is busy with other tests is slow.
const LIMIT: Duration = Duration::from_mins(2);

/// A folder of this test alone, in which the program is started. Removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        let name = format!("holdfast-dev-{}", uuid::Uuid::now_v7().simple());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program, with an environment that does not depend on whoever runs the tests.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-dev"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .env_remove("HOLDFAST_LOG")
        // Several tests run at the same time, and somebody may run the real thing.
        .env("HOLDFAST_API_ADDR", "127.0.0.1:0")
        .env("HOLDFAST_ADMIN_ADDR", "127.0.0.1:0")
        .stdin(Stdio::null());
    command
}

/// The program while it runs, and what it has said.
pub struct Dev {
    child: Child,
    lines: Receiver<String>,
    complaints: PathBuf,
    pub said: Vec<String>,
}

impl Dev {
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let complaints = folder.join("stderr");
        let mut child = command(folder, arguments)
            .stdout(Stdio::piped())
            .stderr(File::create(&complaints).unwrap())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines() {
                // The test may have ended before the program.
                let _ = sender.send(line.unwrap());
            }
        });
        Self { child, lines, complaints, said: Vec::new() }
    }

    /// Starts it and waits for the banner's last line.
    pub fn up(folder: &Path, arguments: &[&str]) -> Self {
        let mut dev = Self::start(folder, arguments);
        dev.wait_for("Ctrl-C stops everything");
        dev
    }

    /// Waits for a line with `text` in it, and gives that line.
    pub fn wait_for(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no '{text}'{self}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("ended before '{text}'{self}")
                }
            }
        }
    }

    /// What the banner says behind `name`, up to the next blank.
    pub fn banner(&self, name: &str) -> &str {
        let lines = self.said.iter().map(|line| line.trim());
        let mut rests = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let rest = rests.next().unwrap_or_else(|| panic!("no {name}{self}"));
        rest.split_whitespace().next().unwrap()
    }

    /// The lines of the banner that are meant for a shell.
    pub fn examples(&self) -> Vec<&str> {
        let lines = self.said.iter().map(|line| line.trim());
        lines.filter(|line| line.starts_with("curl ")).collect()
    }

    /// Process id of the private PostgreSQL.
    pub fn postmaster(&self) -> u32 {
        let file = Path::new(self.banner("data")).join("postmaster.pid");
        let text = std::fs::read_to_string(file).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }

    /// What went to stderr so far.
    pub fn complaints(&self) -> String {
        std::fs::read_to_string(&self.complaints).unwrap()
    }

    /// Sends a signal, by name.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for the end; all that was said until then is in `said`.
    pub fn end(&mut self) -> ExitStatus {
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("still runs{self}"),
                // Nothing holds stdout any more, so the program is ending.
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
            }
        }
    }

    /// Ends it with a signal and looks whether all of it is gone. Gives all that was said.
    pub fn stops_cleanly_on(mut self, name: &str) -> Vec<String> {
        let postmaster = self.postmaster();
        self.signal(name);
        let status = self.end();
        assert_eq!(status.code(), Some(0), "{self}");
        assert!(self.said.last().unwrap().ends_with("stopped cleanly"), "{self}");
        assert!(!is_alive(postmaster), "PostgreSQL has outlived the program");
        std::mem::take(&mut self.said)
    }
}

/// For messages of failed tests.
impl fmt::Display for Dev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\nstdout:\n{}\nstderr:\n{}", self.said.join("\n"), self.complaints())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // For a test that has failed; PostgreSQL follows by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn signal(pid: u32, name: &str) {
    assert!(shell(&format!("kill -{name} {pid}")).status.success());
}

pub fn is_alive(pid: u32) -> bool {
    shell(&format!("kill -0 {pid}")).status.success()
}

fn shell(line: &str) -> std::process::Output {
    let mut shell = Command::new("sh");
    // A proxy does not know this machine's 127.0.0.1.
    shell.args(["-c", line]).env("no_proxy", "127.0.0.1").env("NO_PROXY", "127.0.0.1");
    shell.output().unwrap()
}

/// What a line of the banner answers when it is pasted into a shell. None on a machine without curl.
pub fn paste(line: &str) -> Option<Value> {
    if !shell("command -v curl").status.success() {
        eprintln!("skipped, there is no curl: {line}");
        return None;
    }
    let output = shell(line);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}\n{text}\n{complaint}");
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// What `holdfast-dev token` prints. None on a machine without curl, where nobody needs one.
pub fn token(folder: &Path, arguments: &[&str]) -> Option<String> {
    if !shell("command -v curl").status.success() {
        return None;
    }
    let output = command(folder, &["token"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// The number behind a word of the load's line.
pub fn number(line: &str, word: &str) -> u32 {
    let mut words = line.split_whitespace().skip_while(|one| *one != word);
    words.nth(1).unwrap().parse().unwrap()
}

/// Waits until `holds` does.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
