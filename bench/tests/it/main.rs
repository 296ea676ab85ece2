//! The real program, with a load that is too small to say anything but that all of it works.
#![allow(clippy::unwrap_used, reason = "a test stops where one of its helpers fails")]

use std::fs;
use std::process::Command;

use serde_json::Value;

#[test]
fn a_tiny_run_loses_nothing_and_leaves_nothing_behind() {
    let folder = std::env::temp_dir().join(format!("holdfast-bench-test-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (data, json, svg) = (folder.join("data"), folder.join("json"), folder.join("svg"));
    let output = Command::new(env!("CARGO_BIN_EXE_holdfast-bench"))
        .args(["mixed", "--wallets", "100", "--prefill", "250", "--connections", "4"])
        .args(["--seconds", "1", "--warmup", "0", "--probes", "5", "--no-baseline"])
        .args(["--pg", "shared_buffers=64MB"])
        .arg("--data-dir")
        .arg(&data)
        .arg("--json")
        .arg(&json)
        .arg("--svg")
        .arg(&svg)
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("full ledger check clean"), "{said}");

    let document: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let run = &document["runs"][0];
    assert_eq!(run["problems"], Value::Array(Vec::new()));
    assert!(run["figures"]["settled"].as_f64().unwrap() > 0.0, "{run}");
    assert_eq!(document["postgresql"]["fsync"], "on");
    assert!(fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_tiny_stream_has_every_answer_in_order() {
    let data = std::env::temp_dir().join(format!("holdfast-bench-stream-{}", std::process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_holdfast-bench"))
        .args(["stream", "--lines", "5000", "--wallets", "100", "--pg", "shared_buffers=64MB"])
        .arg("--data-dir")
        .arg(&data)
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("every line has its answer, in order"), "{said}");
    fs::remove_dir_all(&data).unwrap();
}
