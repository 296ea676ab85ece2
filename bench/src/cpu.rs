//! What processes cost, from `/proc`. Where there is none, nothing is known.

use std::fs;
use std::iter::Sum;

/// Linux counts CPU time for its readers in hundredths of a second, on every usual machine.
const TICK_US: u64 = 10_000;

/// CPU time so far, in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MachineTime {
    /// All that somebody worked.
    pub(crate) busy: u64,
    /// What a host above this machine took away.
    pub(crate) stolen: u64,
}

/// The fields of `/proc/<pid>/stat` behind the name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    // The state is a letter; as 0 it keeps its place.
    Some(rest.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
}

/// CPU time of one process with all its threads.
pub(crate) fn of_process(pid: u32) -> u64 {
    let stat = stat(pid).unwrap_or_default();
    let field = |number: usize| stat.get(number).copied().unwrap_or(0);
    (field(11) + field(12)) * TICK_US
}

/// CPU time of the children of a process that have ended and were waited for.
pub(crate) fn of_ended_children(pid: u32) -> u64 {
    let stat = stat(pid).unwrap_or_default();
    let field = |number: usize| stat.get(number).copied().unwrap_or(0);
    (field(13) + field(14)) * TICK_US
}

/// CPU time of a process, its children, and those of its children that have ended: PostgreSQL with all its sessions.
pub(crate) fn of_tree(pid: u32) -> u64 {
    let children: u64 = children(pid).into_iter().map(of_process).sum();
    of_process(pid) + of_ended_children(pid) + children
}

/// The processes whose parent is this one.
fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let ours = |pid: &u32| stat(*pid).is_some_and(|stat| stat.get(1) == Some(&u64::from(parent)));
    pids.filter(ours).collect()
}

/// CPU time of the whole machine.
pub(crate) fn of_machine() -> MachineTime {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks: Vec<u64> =
        line.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0)).collect();
    let field = |number: usize| ticks.get(number).copied().unwrap_or(0);
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user.
    let busy = field(0) + field(1) + field(2) + field(5) + field(6);
    MachineTime { busy: busy * TICK_US, stolen: field(7) * TICK_US }
}

/// Memory in MB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// What is resident now.
    pub(crate) now: f64,
    /// The most that was.
    pub(crate) peak: f64,
}

impl Sum for Memory {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            now: sum.now + one.now,
            peak: sum.peak + one.peak,
        })
    }
}

/// Memory of one process.
pub(crate) fn memory(pid: u32) -> Memory {
    let status = status(pid);
    Memory { now: megabytes(&status, "VmRSS:"), peak: megabytes(&status, "VmHWM:") }
}

/// Memory of PostgreSQL now, in MB: what each process has for itself, and once what all of them share.
pub(crate) fn tree_memory(pid: u32) -> f64 {
    let mut own = 0.0;
    let mut shared: f64 = 0.0;
    for status in children(pid).into_iter().chain([pid]).map(status) {
        own += megabytes(&status, "RssAnon:");
        shared = shared.max(megabytes(&status, "RssShmem:"));
    }
    own + shared
}

fn status(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default()
}

fn megabytes(status: &str, name: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_parent_that_counts_it() {
        if !std::path::Path::new("/proc/self/stat").exists() {
            return;
        }
        let memory = memory(std::process::id());
        assert!(memory.now > 0.0 && memory.peak >= memory.now);
        let parent = std::os::unix::process::parent_id();
        assert!(children(parent).contains(&std::process::id()));
        assert!(of_machine().busy >= of_process(std::process::id()));
    }
}
