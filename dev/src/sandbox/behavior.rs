//! What a payout or a screening asks the sandbox to do with it.
//!
//! The `reference` may end in a word such as `sandbox:timeout_after*2+silent`: parts joined by
//! `+`, each a name of the tables below, with a number of milliseconds behind `:` and a number
//! of requests behind `*` where that makes sense. Without such a word, an amount that ends in
//! one of [`AMOUNTS`] stands for one. Anything else is paid after a moment, with a notice.

use std::time::Duration;

/// Begin of the word in a reference.
const PREFIX: &str = "sandbox:";

/// The last five digits of amounts, in minor units, that stand for a word: for those who
/// cannot choose a reference.
pub const AMOUNTS: &[(i64, &str)] = &[
    (66_001, "paid"),
    (66_002, "declined"),
    (66_003, "declined_later"),
    (66_004, "never"),
    (66_010, "slow:2000"),
    (66_011, "timeout_before"),
    (66_012, "timeout_after+silent"),
    (66_013, "error_before"),
    (66_014, "error_after+silent"),
    (66_015, "drop_before"),
    (66_016, "drop_after+silent"),
    (66_017, "garbage_after+silent"),
    (66_018, "late:3000"),
    (66_019, "busy*3"),
    (66_020, "early"),
    (66_021, "duplicate"),
    (66_022, "forged"),
    (66_023, "silent"),
    (66_050, "screen_deny"),
    (66_051, "screen_review"),
    (66_052, "screen_timeout"),
    (66_053, "screen_error"),
];

/// How a payout comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Settles {
    /// `later`: paid after the delay.
    #[default]
    PaidLater,
    /// `paid`: paid in the first answer.
    Paid,
    /// `declined`: declined in the first answer.
    Declined,
    /// `declined_later`: declined after the delay.
    DeclinedLater,
    /// `never`: stays pending for good.
    Never,
}

/// What goes wrong with a request, or with its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// `timeout_before`, `timeout_after`, `screen_timeout`: no answer comes.
    Hang,
    /// `error_before`, `error_after`, `screen_error`: 500.
    Error,
    /// `drop_before`, `drop_after`, `screen_drop`: the connection breaks off.
    Drop,
    /// `garbage_after`: 200 with something that cannot be read.
    Garbage,
    /// `huge_after`: 200 with far too much.
    Huge,
    /// `busy`, `screen_busy`: 429.
    Busy,
    /// `late`: no answer comes, and it acts after the delay although nobody waits any more.
    Late,
}

/// What is told of a payout's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notices {
    /// The truth, once.
    #[default]
    Once,
    /// `duplicate`: the truth, three times.
    Thrice,
    /// `forged`: the contrary of the truth, with a wrong signature, and nothing else.
    Forged,
    /// `silent`: nothing.
    Silent,
}

/// What a screening decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decision {
    /// Anything else.
    #[default]
    Allow,
    /// `screen_deny`.
    Deny,
    /// `screen_review`.
    Review,
}

/// Everything that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behavior {
    /// Goes wrong before it acts, in each of the first `times` requests.
    pub before: Option<Mishap>,
    /// Goes wrong after it has acted, in each of the first `times` requests.
    pub after: Option<Mishap>,
    /// Requests that something goes wrong with.
    pub times: u32,
    /// `slow`: how long it thinks before it acts.
    pub think: Duration,
    /// `early`: the notice is sent, and answered, before the answer to the request.
    pub early: bool,
    /// How the payout ends.
    pub settles: Settles,
    /// How long after it was taken, where it is not at once; for `late`, how long until then.
    pub delay: Duration,
    /// What is told of the end.
    pub notices: Notices,
    /// What a screening decides.
    pub decision: Decision,
    /// What goes wrong with a screening, in each of the first `times` requests.
    pub screening: Option<Mishap>,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            before: None,
            after: None,
            times: 1,
            think: Duration::ZERO,
            early: false,
            settles: Settles::default(),
            // A moment that shows in a timeline and keeps nobody waiting.
            delay: Duration::from_millis(100),
            notices: Notices::default(),
            decision: Decision::default(),
            screening: None,
        }
    }
}

impl Behavior {
    /// What this reference or, without a word in it, this amount asks for. A word that
    /// cannot be read is the error, so that nobody tests something else than is believed.
    pub fn of(reference: Option<&str>, amount_minor: i64) -> Result<Self, String> {
        let last = reference.and_then(|text| text.split_whitespace().next_back());
        if let Some(word) = last.and_then(|last| last.strip_prefix(PREFIX)) {
            return Self::parse(word);
        }
        let ending = amount_minor % 100_000;
        match AMOUNTS.iter().find(|(digits, _)| *digits == ending) {
            Some((_, word)) => Self::parse(word),
            None => Ok(Self::default()),
        }
    }

    fn parse(word: &str) -> Result<Self, String> {
        let mut behavior = Self::default();
        for part in word.split('+') {
            behavior.add(part).ok_or_else(|| format!("the sandbox does not know '{part}'"))?;
        }
        Ok(behavior)
    }

    fn add(&mut self, part: &str) -> Option<()> {
        let (part, times) = match part.split_once('*') {
            Some((part, times)) => (part, Some(times.parse().ok()?)),
            None => (part, None),
        };
        let (name, wait) = match part.split_once(':') {
            Some((name, ms)) => (name, Some(Duration::from_millis(ms.parse().ok()?))),
            None => (part, None),
        };
        self.times = times.unwrap_or(self.times);
        match name {
            "later" => self.settles = Settles::PaidLater,
            "paid" => self.settles = Settles::Paid,
            "declined" => self.settles = Settles::Declined,
            "declined_later" => self.settles = Settles::DeclinedLater,
            "never" => self.settles = Settles::Never,
            "slow" | "screen_slow" => {
                self.think = wait.unwrap_or(Duration::from_secs(1));
                return Some(());
            }
            "early" => self.early = true,
            "duplicate" => self.notices = Notices::Thrice,
            "forged" => self.notices = Notices::Forged,
            "silent" => self.notices = Notices::Silent,
            "screen_allow" => self.decision = Decision::Allow,
            "screen_deny" => self.decision = Decision::Deny,
            "screen_review" => self.decision = Decision::Review,
            _ => self.go_wrong(name)?,
        }
        self.delay = wait.unwrap_or(self.delay);
        Some(())
    }

    fn go_wrong(&mut self, name: &str) -> Option<()> {
        match name {
            "timeout_before" => self.before = Some(Mishap::Hang),
            "error_before" => self.before = Some(Mishap::Error),
            "drop_before" => self.before = Some(Mishap::Drop),
            "busy" => self.before = Some(Mishap::Busy),
            "late" => self.before = Some(Mishap::Late),
            "timeout_after" => self.after = Some(Mishap::Hang),
            "error_after" => self.after = Some(Mishap::Error),
            "drop_after" => self.after = Some(Mishap::Drop),
            "garbage_after" => self.after = Some(Mishap::Garbage),
            "huge_after" => self.after = Some(Mishap::Huge),
            "screen_timeout" => self.screening = Some(Mishap::Hang),
            "screen_error" => self.screening = Some(Mishap::Error),
            "screen_drop" => self.screening = Some(Mishap::Drop),
            "screen_busy" => self.screening = Some(Mishap::Busy),
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
