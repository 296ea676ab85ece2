//! The machine that the figures are of.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Syncs that are timed: enough for a median, few enough to take no time.
const SYNCS: usize = 200;

/// What a figure is worth nothing without.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Model of the processor.
    pub(crate) processor: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// Memory in GB.
    pub(crate) memory_gb: f64,
    /// Kernel.
    pub(crate) kernel: String,
    /// Programs that wanted to run, in the minute before.
    pub(crate) load: f64,
    /// Median of a write of 8 KB and its sync, in microseconds, where the data lie.
    pub(crate) sync_us: f64,
}

impl Machine {
    /// Looks at this machine; `folder` is on the disk of the data.
    pub(crate) fn look(folder: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| -> String {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or("", |(_, value)| value.trim()).to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let memory: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(0.0);
        let first = |path: &str| read(path).split_whitespace().next().unwrap_or("").to_owned();
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gb: memory / 1_048_576.0,
            kernel: first("/proc/sys/kernel/osrelease"),
            load: first("/proc/loadavg").parse().unwrap_or(0.0),
            sync_us: sync_us(folder).unwrap_or(0.0),
        }
    }

    /// One line about it.
    pub(crate) fn describe(&self) -> String {
        let Self { processor, cores, memory_gb, kernel, load, sync_us } = self;
        format!(
            "{processor}, {cores} cores, {memory_gb:.0} GB, Linux {kernel}; load {load:.2} at the start; \
             8 KB on disk in {sync_us:.0} us"
        )
    }
}

/// A commit costs at least this; a disk that is faster than its sync can be makes every figure look good.
fn sync_us(folder: &Path) -> std::io::Result<f64> {
    let path = folder.join("sync");
    let mut file = fs::File::create(&path)?;
    let page = [7; 8_192];
    let mut micros = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        micros.push(began.elapsed().as_micros() as f64);
    }
    fs::remove_file(&path)?;
    micros.sort_by(f64::total_cmp);
    Ok(micros.get(SYNCS / 2).copied().unwrap_or(0.0))
}
