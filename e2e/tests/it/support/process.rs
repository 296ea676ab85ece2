//! Real processes: started, killed, restarted.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// One running `holdfast-e2e`.
pub struct Process {
    child: Child,
    /// Where it listens, for an API.
    pub address: Option<String>,
    /// Where it listens for operators, for an API.
    pub admin: Option<String>,
}

impl Process {
    /// Starts the workers.
    pub fn jobs(database_url: &str, variables: &[(&str, &str)]) -> Self {
        let child = command("jobs", database_url, variables).spawn().expect("a process");
        Self { child, address: None, admin: None }
    }

    /// Starts the workers, with the database as the variables have it.
    pub fn jobs_in(variables: &[(&str, &str)]) -> Self {
        Self::jobs("", variables)
    }

    /// Starts the API on any ports, with the database as the variables have it.
    pub fn api_in(variables: &[(&str, &str)]) -> Self {
        Self::api_with("", "127.0.0.1:0", "127.0.0.1:0", variables)
    }

    /// Starts the API on `address` and waits until it listens.
    pub fn api(database_url: &str, address: &str) -> Self {
        Self::api_at(database_url, address, "127.0.0.1:0")
    }

    /// The same, with an address of its own for operators.
    pub fn api_at(database_url: &str, address: &str, admin: &str) -> Self {
        Self::api_with(database_url, address, admin, &[])
    }

    /// The same, with more variables.
    pub fn api_with(database_url: &str, address: &str, admin: &str, more: &[(&str, &str)]) -> Self {
        let variables = [("HOLDFAST_API_ADDR", address), ("HOLDFAST_ADMIN_ADDR", admin)];
        let mut command = command("api", database_url, &variables);
        Self::listening(command.envs(more.iter().copied()))
    }

    /// Starts the API on free ports, or the workers, and writes its log lines to a file.
    pub fn logged(role: &str, database_url: &str, variables: &[(&str, &str)], log: &Path) -> Self {
        let mut command = command(role, database_url, variables);
        command.stderr(File::create(log).expect("a file"));
        if role == "api" {
            let free = "127.0.0.1:0";
            return Self::listening(
                command.env("HOLDFAST_API_ADDR", free).env("HOLDFAST_ADMIN_ADDR", free),
            );
        }
        Self { child: command.spawn().expect("a process"), address: None, admin: None }
    }

    fn listening(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("a process");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let addresses = line.trim().strip_prefix("listening ").expect("its addresses");
        let (public, admin) = addresses.split_once(' ').expect("two addresses");
        Self { child, address: Some(public.to_owned()), admin: Some(admin.to_owned()) }
    }

    /// Starts the sandbox provider and waits until it listens; `address` is its whole URL.
    pub fn sandbox(arguments: &[&str]) -> Self {
        Self::sandbox_with(arguments, &[])
    }

    /// The same, with variables.
    pub fn sandbox_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command("sandbox-provider", "", variables);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("a process");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening ").expect("its address");
        Self { child, address: Some(url.to_owned()), admin: None }
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("its end");
    }

    /// What the system calls it, also after its end.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends by itself; returns whether it ended well.
    pub fn wait(&mut self) -> bool {
        self.child.wait().expect("its end").success()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// SIGTERM; returns whether it ended well.
    pub fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        self.child.wait().expect("its end").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn command(role: &str, database_url: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-e2e"));
    command.arg(role).env("DATABASE_URL", database_url).stdin(Stdio::null());
    // What these tests are about has nothing to do with who asks.
    command.env("HOLDFAST_AUTH", "off");
    // Every client of a test has one address.
    command.env("HOLDFAST_RATE_ADDRESS", "0");
    if std::env::var_os("E2E_SHOW_LOGS").is_none() {
        command.stderr(Stdio::null());
    }
    command.envs(variables.iter().copied());
    command
}
