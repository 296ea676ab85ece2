//! What Linux says about the process. Elsewhere these figures are missing.

use std::fs::{read_dir, read_to_string};

use super::{Metrics, number};

/// Ticks of the processor clock in a second, and bytes in a page: both have been these on Linux for ever.
const TICKS: f64 = 100.0;
const PAGE_BYTES: f64 = 4096.0;

/// Looks again.
pub(super) fn look(metrics: &Metrics) {
    let process = &metrics.process;
    if let Ok(entries) = read_dir("/proc/self/fd") {
        // The folder that is being read is open, too.
        process.files.set([], number(i64::try_from(entries.count()).unwrap_or(0) - 1));
    }
    let Ok(stat) = read_to_string("/proc/self/stat") else { return };
    // The second field is a name in parentheses and may hold anything.
    let Some((_, fields)) = stat.rsplit_once(')') else { return };
    let fields: Vec<f64> =
        fields.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or_default();
    let used = (field(14) + field(15)) / TICKS;
    process.cpu.inc_by((used - process.cpu.get()).max(0.0));
    process.memory.set([], field(24) * PAGE_BYTES);
    let booted = read_to_string("/proc/stat").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
        line.trim().parse::<f64>().ok()
    });
    if let Some(booted) = booted {
        process.started.set([], booted + field(22) / TICKS);
    }
}
