//! The runbooks say what to type; whoever types it is in a hurry.

use std::fs;
use std::path::Path;

use admin_tui::cli;

#[test]
fn every_command_of_the_runbooks_is_one_of_ours() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbooks");
    let mut count = 0;
    for page in fs::read_dir(folder).expect("the runbooks") {
        let page = page.expect("a page").path();
        let text = fs::read_to_string(&page).expect("a text");
        for line in commands(&text) {
            count += 1;
            let read = cli::command()
                .try_get_matches_from(words(&line))
                .map_err(|error| error.to_string())
                .and_then(|matches| cli::read(&matches).map(|_| ()));
            assert_eq!(read, Ok(()), "{}: {line}", page.display());
        }
    }
    assert!(count > 60, "only {count} commands were found");
}

/// All that begins with the name of the program: lines of blocks, and code in sentences.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, part) in text.split("```").enumerate() {
        if number % 2 == 1 {
            found.extend(part.lines().map(ToOwned::to_owned));
        } else {
            let code = part.split('`').skip(1).step_by(2);
            found.extend(code.map(|code| code.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    found.retain(|line| line.trim_start().starts_with("holdfast-admin "));
    found
}

/// As a shell cuts it; what follows `#` is a remark.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.trim().chars() {
        match letter {
            '"' => quoted = !quoted,
            '#' if !quoted && word.is_empty() => break,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
