use std::fs;
use std::path::Path;

use crate::postgres::is_alive;

/// Data folders of test servers are called `holdfast-test-<pid of the test process>-<random>`.
const PREFIX: &str = "holdfast-test-";

/// A name for the data of this process.
pub(super) fn new_name() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{PREFIX}{}-{random}", std::process::id())
}

/// Removes what test processes left in `parent` that were killed together with the watchdog of their server.
pub(super) fn remove(parent: &Path) {
    let Ok(entries) = parent.read_dir() else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let path = entry.path();
        if !name.to_str().is_some_and(is_of_dead_process) || is_served(&path) {
            continue;
        }
        // Tests of other users leave folders, too; failing to remove those is no reason to fail.
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
    }
}

fn is_of_dead_process(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(pid, _)| pid.parse().ok())
        .is_some_and(|pid| !is_alive(pid))
}

/// The server may still be shutting down; its watchdog removes the data then.
fn is_served(data_dir: &Path) -> bool {
    fs::read_to_string(data_dir.join("postmaster.pid"))
        .ok()
        .and_then(|text| text.lines().next()?.trim().parse().ok())
        .is_some_and(is_alive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_dead_test_process_left_is_removed() {
        let parent =
            std::env::temp_dir().join(format!("holdfast-leftovers-{}", std::process::id()));
        // No system hands out this process id.
        let dead = format!("{PREFIX}4294967295-a");
        let alive = new_name();
        let served = format!("{PREFIX}4294967295-b");
        for folder in [&dead, &alive, &served, &"other".to_owned()] {
            fs::create_dir_all(parent.join(folder)).unwrap();
        }
        fs::write(parent.join(format!("{dead}.password")), "secret").unwrap();
        let own_pid = format!("{}\n", std::process::id());
        fs::write(parent.join(&served).join("postmaster.pid"), own_pid).unwrap();

        remove(&parent);

        let mut left: Vec<_> = parent
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        fs::remove_dir_all(&parent).unwrap();
        let mut expected = vec![alive, served, "other".to_owned()];
        expected.sort();
        assert_eq!(left, expected);
    }
}
