use std::net::TcpListener;

use crate::support::{Scratch, command};

/// Exit code, stdout and stderr of a program that ends by itself.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let scratch = Scratch::new();
    let output = command(&scratch.0, arguments).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn help_tells_every_flag() {
    let (code, stdout, _) = run(&["--help"], &[]);
    assert_eq!(code, Some(0));
    for flag in ["--fresh", "--load N", "--failures", "--help"] {
        assert!(stdout.contains(flag), "{stdout}");
    }
}

#[test]
fn what_cannot_be_understood_is_one_clear_message() {
    for (arguments, variables, message) in [
        (
            &["--fersh"][..],
            &[][..],
            "holdfast: unknown argument '--fersh'; --help lists what there is\n",
        ),
        (
            &["--load", "many"],
            &[],
            "holdfast: --load needs a whole number of transfers per second, from 1 to 20000\n",
        ),
        (
            &["--failures"],
            &[],
            "holdfast: --failures needs --load N: it breaks what the load does, and nothing else\n",
        ),
        (
            &["--load", "5", "--failures"],
            &[("SQS_ENDPOINT_URL", "http://127.0.0.1:1")],
            "holdfast: --failures breaks only the queues brought along, and SQS_ENDPOINT_URL is set; unset it\n",
        ),
        (
            &[],
            &[("HOLDFAST_API_ADDR", "here")],
            "holdfast: HOLDFAST_API_ADDR is 'here'; it must be an address with a port, such as 127.0.0.1:8080\n",
        ),
        (
            &["--fresh"],
            &[("DATABASE_URL", "postgres://me:secret@127.0.0.1:1/wallets")],
            "holdfast: --fresh drops only the data of the private PostgreSQL, and DATABASE_URL is set; \
             empty that database yourself, or unset DATABASE_URL\n",
        ),
    ] {
        let (code, _, stderr) = run(arguments, variables);
        assert_eq!((code, stderr.as_str()), (Some(1), message));
    }
}

#[test]
fn a_database_that_does_not_answer_is_named_without_its_password() {
    let (code, _, stderr) =
        run(&[], &[("DATABASE_URL", "postgres://me:secret@127.0.0.1:1/wallets")]);
    assert_eq!(code, Some(1));
    let message = "holdfast: cannot connect to postgres://me@127.0.0.1:1/wallets (DATABASE_URL): ";
    assert!(stderr.starts_with(message), "{stderr}");
    assert!(stderr.contains("refused"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (code, _, stderr) = run(&[], &[("HOLDFAST_API_ADDR", &addr)]);
    assert_eq!(code, Some(1));
    let message = format!("holdfast: the API: cannot listen on {addr} (HOLDFAST_API_ADDR): ");
    assert!(stderr.starts_with(&message), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}
