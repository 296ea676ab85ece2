//! What is asked of the system.

/// A load and the wallets that it moves money between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scenario {
    /// What the command line calls it.
    pub(crate) name: &'static str,
    /// What it shows, for the help.
    pub(crate) about: &'static str,
    /// Wallets, all funded.
    pub(crate) wallets: u64,
    /// Transfers, out of a hundred, that one wallet is an end of.
    pub(crate) hot_percent: u64,
    /// Transfers, out of a hundred, that ask for more than any wallet has.
    pub(crate) poor_percent: u64,
    /// Transfers, out of a hundred, whose first screening fails and whose second does not.
    pub(crate) transient_percent: u64,
    /// Reads per second beside the transfers; balances and transfers in turn.
    pub(crate) reads_per_second: u32,
    /// Transfers per second of an open loop; none for a closed loop, which finds the most.
    pub(crate) rate: Option<u32>,
    /// Whether relay and both consumers run, on an SQS endpoint of their own.
    pub(crate) events: bool,
    /// The most events in one message; 1 leaves it to the variable, or to its default.
    pub(crate) events_per_message: u32,
    /// Seconds that are measured.
    pub(crate) seconds: u64,
}

/// The rate of the open loops, which the latency goals are about.
pub(crate) const OPEN_RATE: u32 = 5_000;
/// At this rate relay and consumers are to keep up, each event in a message of its own.
const EVENTS_RATE: u32 = 2_500;
/// And at this one, several events in a message.
const PACKED_RATE: u32 = 4_000;
/// The one without a load.
pub(crate) const CONSOLES: &str = "consoles";
/// Long enough for every vacuum, checkpoint and timer to come by.
const SOAK_SECONDS: u64 = 30 * 60;

const PLAIN: Scenario = Scenario {
    name: "uniform-10k",
    about: "10,000 wallets, all alike; as many transfers as it takes",
    wallets: 10_000,
    hot_percent: 0,
    poor_percent: 0,
    transient_percent: 0,
    reads_per_second: 0,
    rate: None,
    events: false,
    events_per_message: 1,
    seconds: 20,
};

const ALL: &[Scenario] = &[
    PLAIN,
    Scenario {
        name: "uniform-1m",
        about: "the same with 1,000,000 wallets",
        wallets: 1_000_000,
        ..PLAIN
    },
    Scenario {
        name: "uniform-10m",
        about: "the same with 10,000,000 wallets; making them takes minutes and 10 GB",
        wallets: 10_000_000,
        ..PLAIN
    },
    Scenario {
        name: "hot",
        about: "half of all transfers touch one wallet of 10,000",
        hot_percent: 50,
        ..PLAIN
    },
    Scenario {
        name: "mixed",
        about: "5 % lack the funds, 2 % fail once and are retried, 1,000 reads/s beside",
        poor_percent: 5,
        transient_percent: 2,
        reads_per_second: 1_000,
        ..PLAIN
    },
    Scenario {
        name: "reads",
        about: "5,000 transfers/s by the clock, and 1,000 reads/s beside",
        reads_per_second: 1_000,
        rate: Some(OPEN_RATE),
        ..PLAIN
    },
    Scenario {
        name: "events",
        about: "2,500 transfers/s by the clock, with relay and both consumers",
        rate: Some(EVENTS_RATE),
        events: true,
        ..PLAIN
    },
    Scenario {
        name: "events-packed",
        about: "4,000 transfers/s by the clock, the same with up to 100 events in a message",
        rate: Some(PACKED_RATE),
        events: true,
        events_per_message: 100,
        ..PLAIN
    },
    Scenario {
        name: "events-full",
        about: "uniform-10k with relay and both consumers: what is behind is caught up afterwards",
        events: true,
        ..PLAIN
    },
    Scenario {
        name: "open-5000",
        about: "5,000 transfers/s by the clock: the latencies of a system that is not full",
        rate: Some(OPEN_RATE),
        ..PLAIN
    },
    Scenario {
        name: "soak",
        about: "5,000 transfers/s by the clock for 30 minutes: does anything grow",
        rate: Some(OPEN_RATE),
        seconds: SOAK_SECONDS,
        ..PLAIN
    },
    Scenario {
        name: "soak-events",
        about: "2,500 transfers/s for 30 minutes, with relay and both consumers",
        rate: Some(EVENTS_RATE),
        events: true,
        seconds: SOAK_SECONDS,
        ..PLAIN
    },
    Scenario {
        name: CONSOLES,
        about: "no transfers: what ten operators' consoles cost, at each view for a minute",
        events: true,
        seconds: 60,
        ..PLAIN
    },
];

impl Scenario {
    /// All of them.
    pub(crate) fn all() -> &'static [Self] {
        ALL
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|scenario| scenario.name == name).cloned()
    }

    /// All essential parts within a minute: a full system, then one with a hot wallet.
    pub(crate) fn quick() -> Vec<Self> {
        let hot = Self::named("hot").unwrap_or(PLAIN);
        vec![Self { seconds: 8, ..PLAIN }, Self { seconds: 6, ..hot }]
    }
}
