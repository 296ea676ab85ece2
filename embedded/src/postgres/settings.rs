/// One `postgresql.conf` setting and the reason for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name as PostgreSQL knows it.
    pub name: &'static str,
    /// Value with its unit, as it would stand in `postgresql.conf`.
    pub value: &'static str,
    /// Why this value and not PostgreSQL's default.
    pub reason: &'static str,
}

const fn setting(name: &'static str, value: &'static str, reason: &'static str) -> Setting {
    Setting { name, value, reason }
}

/// What every private server starts with: a wallet service on a developer's machine.
///
/// [`crate::postgres::Options::settings`] is applied later and wins, so a benchmark can give the server more memory.
pub const SERVER_SETTINGS: &[Setting] = &[
    setting(
        "shared_buffers",
        "256MB",
        "holds the hot rows and indexes of a demo; small enough for a laptop",
    ),
    setting(
        "max_wal_size",
        "4GB",
        "under load the default of 1GB forces a checkpoint every few seconds",
    ),
    setting(
        "checkpoint_timeout",
        "15min",
        "each checkpoint makes the next change of every page write the whole page again",
    ),
    setting(
        "wal_compression",
        "on",
        "whole-page images are most of the log, and compressing them costs less than writing them",
    ),
    setting(
        "autovacuum_naptime",
        "5s",
        "job and outbox tables turn over completely within seconds; dead rows slow every claim",
    ),
    setting("jit", "off", "no statement runs long enough to earn back its compilation"),
    setting(
        "max_locks_per_transaction",
        "256",
        "range-partitioned tables take a lock for each partition and each of its indexes",
    ),
    setting("timezone", "UTC", "what a person sees in psql equals what the API answers"),
    setting("log_timezone", "UTC", "the server's log lines up with the service's own"),
    setting("lc_messages", "C", "start-up reads the log and must understand it"),
    setting(
        "log_line_prefix",
        "%m [%p] %q%a ",
        "the application name says which pool a complaint belongs to",
    ),
];

/// What [`crate::postgres::Durability::Fast`] adds: data that nobody misses after a power cut.
pub const FAST_SETTINGS: &[Setting] = &[
    setting("fsync", "off", "a test's data need not survive the machine"),
    setting(
        "synchronous_commit",
        "off",
        "a commit is answered before the log is written; a crash may lose the last ones",
    ),
    setting("full_page_writes", "off", "protects only against torn pages after a power cut"),
    setting(
        "autovacuum_naptime",
        "1min",
        "a test is over before its tables need it, and dozens of databases share the launcher",
    ),
];
