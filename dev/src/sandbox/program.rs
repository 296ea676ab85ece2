//! The sandbox as a process of its own: `holdfast-dev sandbox-provider ...`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use wire::signature::Secret;

use super::{Sandbox, SandboxOptions};

/// The subcommand.
pub const COMMAND: &str = "sandbox-provider";

/// The variable that the API has the same secret in.
pub const SECRET: &str = "HOLDFAST_PAYOUT_WEBHOOK_SECRET";

/// What `--help` prints.
pub const HELP: &str = "\
A payout provider and screening service to try things on. It moves no money. docs/PROVIDERS.md tells how it is
made to misbehave.

usage: holdfast-dev sandbox-provider [--listen ADDRESS] [--notices URL] [--journal FILE] [--with-parent]

  --listen ADDRESS  where it listens; else 127.0.0.1:0, a free port. It prints `listening ADDRESS`
  --notices URL     where it sends notices, signed with HOLDFAST_PAYOUT_WEBHOOK_SECRET; else it sends none
  --journal FILE    keeps what it did, so that a restart knows it
  --with-parent     ends when its standard input does
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// Tell how to use it.
    Help,
    /// Serve.
    Serve {
        /// Where it listens.
        listen: SocketAddr,
        /// Where notices go.
        notices: Option<String>,
        /// Where it keeps what it did.
        journal: Option<PathBuf>,
        /// Whether it ends with its standard input.
        with_parent: bool,
    },
}

impl Program {
    /// Reads the arguments behind the subcommand. The error is a sentence.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (mut notices, mut journal, mut with_parent) = (None, None, false);
        let mut arguments = arguments.into_iter().map(|one| one.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--help" | "-h" => return Ok(Self::Help),
                "--listen" => {
                    let text = value()?;
                    let wrong = |_| format!("--listen {text} is no address such as 127.0.0.1:9090");
                    listen = text.parse().map_err(wrong)?;
                }
                "--notices" => notices = Some(value()?),
                "--journal" => journal = Some(PathBuf::from(value()?)),
                "--with-parent" => with_parent = true,
                _ => {
                    return Err(format!(
                        "unknown argument '{argument}'; --help lists what there is"
                    ));
                }
            }
        }
        Ok(Self::Serve { listen, notices, journal, with_parent })
    }

    /// Serves until SIGTERM or SIGINT, or until its parent is gone.
    pub async fn run(self) -> Result<(), Box<dyn std::error::Error>> {
        let Self::Serve { listen, notices, journal, with_parent } = self else {
            io::stdout().write_all(HELP.as_bytes())?;
            return Ok(());
        };
        let notices = match notices {
            None => None,
            Some(url) => {
                let text = std::env::var(SECRET).unwrap_or_default();
                let secret = Secret::new(&text).map_err(|error| format!("{SECRET} {error}"))?;
                Some((url, secret))
            }
        };
        let sandbox = Sandbox::start(SandboxOptions { listen, notices, journal }).await?;
        println!("listening {}", sandbox.url());
        io::stdout().flush()?;
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = orphaned(), if with_parent => {}
        }
        Ok(())
    }
}

/// Done when nobody holds the other end of standard input any more, however they ended.
async fn orphaned() {
    let (gone, ended) = tokio::sync::oneshot::channel();
    // A thread that nobody waits for: it may sit in its read for good.
    std::thread::spawn(move || {
        io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
        gone.send(()).ok();
    });
    ended.await.ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Program, String> {
        Program::parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn arguments_are_understood_or_named() {
        assert_eq!(parse("--help"), Ok(Program::Help));
        assert_eq!(
            parse("--listen 127.0.0.1:9090 --notices http://x/y --journal j --with-parent"),
            Ok(Program::Serve {
                listen: "127.0.0.1:9090".parse().unwrap(),
                notices: Some("http://x/y".to_owned()),
                journal: Some("j".into()),
                with_parent: true,
            })
        );
        for (line, sentence) in [
            ("--listen", "--listen needs a value"),
            ("--listen here", "--listen here is no address such as 127.0.0.1:9090"),
            ("--lisen", "unknown argument '--lisen'; --help lists what there is"),
        ] {
            assert_eq!(parse(line), Err(sentence.to_owned()));
        }
    }
}
