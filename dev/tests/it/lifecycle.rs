use serde_json::json;

use crate::support::{Dev, Scratch, eventually, is_alive, paste, signal, token};

#[test]
fn the_banner_shows_lines_that_work_and_ctrl_c_stops_everything() {
    let scratch = Scratch::new();
    let dev = Dev::up(&scratch.0, &[]);
    let examples = dev.examples();
    let [transfer, balance, statement, deposit, me] = examples.as_slice() else {
        panic!("five lines for the shell, not {examples:#?}");
    };
    if let Some(transfer) = paste(transfer) {
        assert_eq!(transfer["status"], "settled", "{transfer}");
        assert_eq!(transfer["amount_minor"], 500);
    }
    if let Some(balance) = paste(balance) {
        assert_eq!(balance["available_minor"], 500, "{balance}");
    }
    if let Some(statement) = paste(statement) {
        let lines = statement["items"].as_array().unwrap();
        let after: Vec<_> = lines.iter().map(|line| &line["balance_after_minor"]).collect();
        assert_eq!(after, [9500, 10000], "{statement}");
    }
    let provider = dev.banner("provider").to_owned();
    if let Some(payouts) = paste(&format!("curl -sS {provider}/sandbox/payouts")) {
        assert_eq!(payouts["items"].as_array().map(Vec::len), Some(0), "{payouts}");
    }
    if let Some(me) = paste(me) {
        assert_eq!(me["role"], "viewer", "{me}");
    }
    if let Some(token) = token(&scratch.0, &["--subject", "bob"]) {
        // The token of somebody else does not see the wallet.
        let strange = statement.rsplit_once(" -H ").unwrap().0;
        let answer = paste(&format!("{strange} -H 'Authorization: Bearer {token}'"));
        assert_eq!(answer.unwrap()["code"], "wallet_not_found");
    }
    // A key of its own each time: the same line pasted again is another transfer.
    if let (Some(_), Some(balance)) = (paste(transfer), paste(balance)) {
        assert_eq!(balance["available_minor"], 1000, "{balance}");
    }
    if let (Some(deposit), Some(balance)) = (paste(deposit), paste(balance)) {
        assert_eq!((&deposit["kind"], &deposit["status"]), (&json!("deposit"), &json!("settled")));
        assert_eq!(balance["available_minor"], 1100, "{balance}");
    }
    dev.stops_cleanly_on("INT");
    let address = provider.strip_prefix("http://").unwrap();
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "the provider has outlived the program"
    );
}

#[test]
fn a_second_start_finds_the_same_wallets_and_fresh_does_not() {
    let scratch = Scratch::new();
    let first = Dev::up(&scratch.0, &[]);
    let (alice, bob) = (wallet(&first, "alice"), wallet(&first, "bob"));
    assert_ne!(alice, bob);
    paste(first.examples()[0]);
    first.stops_cleanly_on("TERM");

    let second = Dev::up(&scratch.0, &[]);
    assert_eq!((wallet(&second, "alice"), wallet(&second, "bob")), (alice.clone(), bob));
    if let Some(statement) = paste(second.examples()[2]) {
        let deposited_once = statement["items"].as_array().unwrap().len() == 2;
        assert!(deposited_once, "{statement}");
    }
    second.stops_cleanly_on("INT");

    let fresh = Dev::up(&scratch.0, &["--fresh"]);
    assert_ne!(wallet(&fresh, "alice"), alice);
    if let Some(balance) = paste(fresh.examples()[1]) {
        assert_eq!(balance["ledger_minor"], 0, "{balance}");
    }
    fresh.stops_cleanly_on("INT");
}

/// The id of a demo wallet: its address ends in it.
fn wallet(dev: &Dev, owner: &str) -> String {
    dev.banner(owner).rsplit('/').next().unwrap().to_owned()
}

#[test]
fn ctrl_c_in_the_middle_of_the_start_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let mut dev = Dev::start(&scratch.0, &[]);
    dev.wait_for("migrations");
    let pid = scratch.0.join(".holdfast/postgres/postmaster.pid");
    let postmaster = std::fs::read_to_string(&pid).unwrap();
    let postmaster = postmaster.lines().next().unwrap().trim().parse().unwrap();
    dev.signal("INT");
    assert_eq!(dev.end().code(), Some(0), "{dev}");
    assert!(dev.said.last().unwrap().ends_with("stopped cleanly"), "{dev}");
    assert!(!is_alive(postmaster));
}

#[test]
fn the_end_of_postgresql_is_an_error_that_ends_the_program() {
    let scratch = Scratch::new();
    let mut dev = Dev::up(&scratch.0, &[]);
    let postmaster = dev.postmaster();
    signal(postmaster, "QUIT");
    assert_eq!(dev.end().code(), Some(1), "{dev}");
    let told = dev.complaints();
    assert!(told.contains("holdfast: PostgreSQL ended by itself"), "{told}");
    eventually("PostgreSQL is gone", || !is_alive(postmaster));
}
