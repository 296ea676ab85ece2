//! Counters, gauges and histograms in memory, and how they are shown.
//!
//! One set for the process: whoever has something to count asks [`metrics`] for it. A series costs
//! memory for as long as the process lives, so labels have few values, and a metric that would get
//! more than [`SERIES_MAX`] series counts the rest under `other`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use store::pool::Pool;

mod definitions;
mod process;
mod sampled;
mod work;

pub use definitions::Metrics;

/// Series of one metric. All routes with all methods and classes of answers need less than half.
pub const SERIES_MAX: usize = 1_000;

/// The value of a label.
pub type Value = Cow<'static, str>;
type Labels<const N: usize> = [(&'static str, Value); N];

/// All metrics of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations or sizes by how large they were.
    Histogram,
}

/// A metric as its users know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// With unit and, for a counter, `_total` at its end.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it tells apart.
    pub labels: &'static [&'static str],
    /// What it says, as a sentence without its full stop.
    pub help: &'static str,
    /// Whether one process tells it for all.
    pub sampled: bool,
}

/// Counters that differ in `N` labels.
#[derive(Debug)]
pub struct Counters<const N: usize>(Of<Counter, N>);

/// Gauges that differ in `N` labels.
#[derive(Debug)]
pub struct Gauges<const N: usize> {
    of: Of<Number, N>,
    known: Mutex<HashSet<Labels<N>>>,
}

/// Histograms that differ in `N` labels.
#[derive(Debug)]
pub struct Histograms<const N: usize>(Of<Histogram, N>);

type Number = Gauge<f64, AtomicU64>;

#[derive(Debug)]
struct Of<M, const N: usize> {
    labels: [&'static str; N],
    family: Family<Labels<N>, M, fn() -> M>,
    /// Series made so far, or about to be.
    made: AtomicUsize,
}

impl<M: Clone, const N: usize> Of<M, N> {
    fn new(labels: [&'static str; N], new: fn() -> M) -> Self {
        let family = Family::new_with_constructor(new);
        Self { labels, family, made: AtomicUsize::new(0) }
    }

    fn with(&self, values: [Value; N]) -> Labels<N> {
        let mut names = self.labels.iter();
        values.map(|value| (names.next().copied().unwrap_or_default(), value))
    }

    /// The series with these values, or that of all others when there are too many.
    fn series(&self, values: [Value; N]) -> M {
        let labels = self.with(values);
        if let Some(known) = self.family.get(&labels) {
            return known.clone();
        }
        let labels = if self.made.fetch_add(1, Ordering::Relaxed) < SERIES_MAX {
            labels
        } else {
            self.with(std::array::from_fn(|_| Cow::Borrowed("other")))
        };
        self.family.get_or_create_owned(&labels)
    }
}

impl<const N: usize> Counters<N> {
    /// Counts `count` more.
    pub fn add(&self, values: [Value; N], count: u64) {
        self.0.series(values).inc_by(count);
    }

    /// Counts one more.
    pub fn one(&self, values: [Value; N]) {
        self.add(values, 1);
    }
}

impl<const N: usize> Gauges<N> {
    /// Sets one.
    pub fn set(&self, values: [Value; N], number: f64) {
        self.of.series(values).set(number);
    }

    /// Adds to one; less than nothing takes away.
    pub fn add(&self, values: [Value; N], number: f64) {
        self.of.series(values).inc_by(number);
    }

    /// Sets these and forgets all others.
    pub fn replace(&self, all: impl IntoIterator<Item = ([Value; N], f64)>) {
        let mut now = HashSet::new();
        for (values, number) in all {
            now.insert(self.of.with(values.clone()));
            self.set(values, number);
        }
        // Nothing under this lock can panic half-way through a change.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in known.difference(&now) {
            self.of.family.remove(gone);
            self.of.made.fetch_sub(1, Ordering::Relaxed);
        }
        *known = now;
    }
}

impl<const N: usize> Histograms<N> {
    /// Counts one of this size.
    pub fn observe(&self, values: [Value; N], size: f64) {
        self.0.series(values).observe(size);
    }

    /// Counts many.
    pub fn all(&self, values: [Value; N], sizes: impl IntoIterator<Item = f64>) {
        let series = self.0.series(values);
        sizes.into_iter().for_each(|size| series.observe(size));
    }

    /// Counts one that took as long as it is since `began`.
    pub fn since(&self, values: [Value; N], began: Instant) {
        self.took(values, began.elapsed());
    }

    /// Counts one that took so long.
    pub fn took(&self, values: [Value; N], duration: Duration) {
        self.observe(values, duration.as_secs_f64());
    }
}

/// A counter as a gauge takes it; beyond 2^53 it is rounded, which no figure of ours reaches.
#[allow(clippy::cast_precision_loss)]
pub fn number(count: i64) -> f64 {
    count as f64
}

/// Seconds from the making of a uuid v7, which its first 48 bits tell, to `now`. These are two clocks:
/// less than nothing is nothing.
pub fn seconds_since(uuid_v7: u128, now: SystemTime) -> f64 {
    let made_ms = u64::try_from(uuid_v7 >> 80).unwrap_or(u64::MAX);
    let made = SystemTime::UNIX_EPOCH + Duration::from_millis(made_ms);
    now.duration_since(made).unwrap_or_default().as_secs_f64()
}

/// Collects the metrics of a process.
struct Builder {
    registry: Registry,
    all: Vec<Description>,
    sampled: bool,
}

impl Builder {
    fn counters<const N: usize>(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str; N],
        help: &'static str,
    ) -> Counters<N> {
        let of = Of::new(*labels, Counter::default);
        // The encoder puts the ending back.
        let registered = name.strip_suffix("_total").unwrap_or(name);
        self.registry.register(registered, help, of.family.clone());
        self.describe(name, Kind::Counter, labels, help);
        Counters(of)
    }

    /// One counter of seconds, without labels.
    fn seconds(&mut self, name: &'static str, help: &'static str) -> Counter<f64, AtomicU64> {
        let counter = Counter::<f64, AtomicU64>::default();
        let registered = name.strip_suffix("_total").unwrap_or(name);
        self.registry.register(registered, help, counter.clone());
        self.describe(name, Kind::Counter, &[], help);
        counter
    }

    fn gauges<const N: usize>(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str; N],
        help: &'static str,
    ) -> Gauges<N> {
        let of = Of::new(*labels, Number::default);
        self.registry.register(name, help, of.family.clone());
        self.describe(name, Kind::Gauge, labels, help);
        Gauges { of, known: Mutex::default() }
    }

    fn histograms<const N: usize>(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str; N],
        help: &'static str,
        buckets: fn() -> Histogram,
    ) -> Histograms<N> {
        let of = Of::new(*labels, buckets);
        self.registry.register(name, help, of.family.clone());
        self.describe(name, Kind::Histogram, labels, help);
        Histograms(of)
    }

    fn describe(
        &mut self,
        name: &'static str,
        kind: Kind,
        labels: &'static [&'static str],
        help: &'static str,
    ) {
        self.all.push(Description { name, kind, labels, help, sampled: self.sampled });
    }
}

/// From half a millisecond, which is a read by key, to ten seconds, which nobody waits for.
fn seconds() -> Histogram {
    Histogram::new([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ])
}

/// The same and further, for what may wait for others: up to an hour.
fn long_seconds() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0,
    ])
}

/// Powers of two up to the largest group.
fn sizes() -> Histogram {
    Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])
}

/// From now on the use of this pool is shown under this name. One of the same name before is forgotten.
pub fn watch_pool(name: &'static str, pool: &Pool) {
    let mut pools = metrics().watched.lock().unwrap_or_else(PoisonError::into_inner);
    pools.retain(|(other, _)| *other != name);
    pools.push((name, pool.clone()));
}

/// All metrics as they stand now, in the text format of OpenMetrics.
pub fn render() -> String {
    let all = metrics();
    all.look_at_pools();
    process::look(all);
    let mut text = String::with_capacity(16 * 1024);
    // Writing to a string does not fail.
    let _ = prometheus_client::encoding::text::encode(&mut text, &all.registry);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> Builder {
        Builder { registry: Registry::default(), all: Vec::new(), sampled: false }
    }

    fn text(builder: &Builder) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &builder.registry).unwrap();
        text
    }

    #[test]
    fn a_metric_has_the_name_that_was_written_down() {
        let mut builder = builder();
        let counters = builder.counters("x_total", &["a", "b"], "Counts");
        counters.add(["1".into(), "2".into()], 3);
        builder.gauges("y_seconds", &[], "Is").set([], 0.5);
        let text = text(&builder);
        assert!(text.contains("\nx_total{a=\"1\",b=\"2\"} 3\n"), "{text}");
        assert!(text.contains("\ny_seconds"), "{text}");
    }

    #[test]
    fn what_would_be_too_many_series_is_one_other() {
        let mut builder = builder();
        let counters = builder.counters("x_total", &["id"], "Counts");
        for id in 0..SERIES_MAX + 20 {
            counters.one([id.to_string().into()]);
        }
        let text = text(&builder);
        assert_eq!(text.lines().filter(|line| line.starts_with("x_total")).count(), SERIES_MAX + 1);
        assert!(text.contains("x_total{id=\"other\"} 20\n"));
    }

    #[test]
    fn a_gauge_that_is_gone_is_not_shown_any_more() {
        let mut builder = builder();
        let gauges = builder.gauges("x", &["id"], "Is");
        gauges.replace([(["a".into()], 1.0), (["b".into()], 2.0)]);
        gauges.replace([(["b".into()], 3.0)]);
        let text = text(&builder);
        assert!(text.contains("x{id=\"b\"} 3") && !text.contains("id=\"a\""), "{text}");
    }

    #[test]
    fn every_name_keeps_the_conventions() {
        for Description { name, kind, labels, help, .. } in &metrics().all {
            let ours = name.starts_with("holdfast_") || name.starts_with("process_");
            assert!(ours && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(!help.is_empty() && !help.ends_with('.'), "{name}: {help}");
            assert!(labels.iter().all(|label| !label.ends_with("_id") && *label != "le"), "{name}");
        }
    }
}
