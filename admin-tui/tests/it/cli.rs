//! The program without a screen: what it writes, where, and how it ends.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The program in a folder of its own, so that no configuration of this machine counts.
struct Program(PathBuf);

impl Program {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("holdfast-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-admin"));
        command.args(arguments).current_dir(&self.0).env("XDG_CONFIG_HOME", &self.0);
        for name in ["CONTEXT", "ADDRESS"] {
            command.env_remove(format!("HOLDFAST_ADMIN_{name}"));
        }
        command.env("HOLDFAST_ADMIN_TOKEN", "none").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_reader_that_has_gone_is_no_trouble() {
    let program = Program::new("pipe");
    for arguments in [&["--demo", "groups"][..], &["man"], &["completions", "zsh"]] {
        let mut command = program.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_told() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let program = Program::new("full");
    let output = program.command(&["--demo", "groups"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("the output cannot be written"), "{}", said(&output));
}

#[test]
fn what_is_wrong_with_the_call_ends_with_2() {
    let program = Program::new("wrong");
    for (arguments, why) in [
        (&["--demo"][..], "the screen needs a terminal"),
        (&["--address", "example", "groups"], "the address example is no URL"),
        (&["--address", "ftp://example", "groups"], "is no URL"),
        (&["--context", "nowhere", "groups"], "there is no context nowhere"),
        (&["groups", "--nonsense"], "unexpected argument"),
    ] {
        let output = program.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
    let output = program.run(&["--address", "http://127.0.0.1:1", "groups"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
}

#[test]
fn a_recording_is_for_its_owner_and_writes_over_nothing() {
    let program = Program::new("record");
    let record = ["--demo", "record", "it.json"];
    assert!(program.run(&record).status.success());
    let file = program.0.join("it.json");
    let mode = |file: &PathBuf| fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    let again = program.run(&record);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("--force"), "{}", said(&again));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let forced = program.run(&["--demo", "record", "it.json", "--force"]);
    assert!(forced.status.success(), "{}", said(&forced));
    assert_eq!(mode(&file), 0o600);
    let shown = program.run(&["--open", "it.json", "groups", "-o", "json"]);
    assert!(shown.status.success(), "{}", said(&shown));
}

#[test]
fn bash_completes_the_options_of_a_subcommand() {
    let program = Program::new("bash");
    let script = program.run(&["completions", "bash"]);
    fs::write(program.0.join("completions"), script.stdout).unwrap();
    let complete = |words: &str| {
        let test = format!(
            "source ./completions; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             call=$(complete -p holdfast-admin | sed 's/.*-F \\([^ ]*\\).*/\\1/')
             $call holdfast-admin \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"
             echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = Command::new("bash");
        let output = bash.args(["-c", &test]).current_dir(&program.0).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("holdfast-admin groups --outp"), "--output");
    assert_eq!(complete("holdfast-admin dead-letters --wal"), "--wallet-id");
    assert_eq!(complete("holdfast-admin dead-letters redr"), "redrive");
    assert_eq!(complete("holdfast-admin dead-letters redrive --can"), "--canary-count");
    assert_eq!(complete("holdfast-admin groups --output y"), "yaml");
}

#[test]
fn the_man_page_has_every_subcommand_and_its_options() {
    let page = Program::new("man").run(&["man"]).stdout;
    let page = String::from_utf8(page).unwrap().replace("\\-", "-");
    for words in [
        "holdfast-admin dead-letters redrive",
        "holdfast-admin audit-entry",
        "holdfast-admin record",
        "--wallet-id",
        "--canary-count",
        "--as-it-is",
        "--token-file",
        "Exit codes",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
}
