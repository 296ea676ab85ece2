use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use super::home::Home;
use super::log::ServerLog;

/// The script explains itself. It travels in a variable: a library has no file to point to, and as an argument it would
/// fill every list of processes.
const SCRIPT: &str = include_str!("watchdog.sh");
const SCRIPT_VARIABLE: &str = "HOLDFAST_WATCHDOG";
const RUN_SCRIPT: &str = "script=$HOLDFAST_WATCHDOG; unset HOLDFAST_WATCHDOG; eval \"$script\"";

/// A running server and the shell that guards it.
///
/// Dropping this closes the pipe, upon which the shell stops the server. Nobody waits for that, so the shell's entry in
/// the process table stays until this process ends.
#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
    orders: Option<ChildStdin>,
}

/// How to end a server, after the shutdown modes of `pg_ctl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Close all sessions, then end with a checkpoint. Data stay.
    Fast,
    /// End at once, as in a crash. The next start recovers from the log. Data stay.
    Immediate,
    /// As [`Self::Fast`], and for good: data that are to be removed at the end are removed.
    Finish,
}

impl Watchdog {
    /// Starts `server` as the home's user, in a process group of its own, so that a terminal's Ctrl-C reaches the owner
    /// but not the server.
    pub(super) fn spawn(
        home: &Home,
        server: &Command,
        log: &ServerLog,
        remove_data: bool,
    ) -> std::io::Result<Self> {
        let mut shell = home.account.command(Path::new("/bin/sh"));
        shell.env(SCRIPT_VARIABLE, SCRIPT);
        shell.args(["-c", RUN_SCRIPT, "holdfast-postgres-watchdog"]);
        shell.arg(if remove_data { "remove" } else { "keep" });
        shell.arg(&home.data_dir).arg(home.password_file());
        shell.arg(server.get_program()).args(server.get_args());
        shell.stdin(Stdio::piped());
        shell.stdout(log.writer()?).stderr(log.writer()?);
        shell.process_group(0);
        let mut shell = shell.spawn()?;
        let orders = shell.stdin.take();
        Ok(Self { shell, orders })
    }

    /// The server's exit status once it has ended, however it ended.
    pub(super) fn exit_status(&mut self) -> Option<ExitStatus> {
        // Only a child that somebody else collected gives an error; it has ended, too.
        self.shell.try_wait().unwrap_or_else(|_| Some(ExitStatus::from_raw(0)))
    }

    pub(super) fn order(&mut self, order: Order) {
        let line: &[u8] = match order {
            Order::Fast => b"fast\n",
            Order::Immediate => b"immediate\n",
            Order::Finish => {
                self.orders = None;
                return;
            }
        };
        if let Some(pipe) = &mut self.orders {
            // A shell that has ended reads no orders, and needs none.
            let _ = pipe.write_all(line);
        }
    }
}
