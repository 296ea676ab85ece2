//! What the payouts of the matrix ask for, and how each of them ends.

use domain::transfer::TransferStatus;

/// Payouts in all.
pub const COUNT: usize = 10_000;

/// How a payout ends, whatever happens on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Paid,
    Declined,
    Denied,
    /// The screening asks for a person, who says yes.
    Allowed,
    /// The same, and the person says no.
    Refused,
    /// The provider never tells, so a person ends it as failed.
    Open,
}

impl End {
    /// What a client sees in the end.
    pub fn seen(self) -> (TransferStatus, Option<&'static str>) {
        match self {
            Self::Paid | Self::Allowed => (TransferStatus::Settled, None),
            Self::Declined => (TransferStatus::Failed, Some("payout_declined")),
            Self::Denied => (TransferStatus::Rejected, Some("screening_denied")),
            Self::Refused => (TransferStatus::Rejected, Some("screening_denied_by_operator")),
            Self::Open => (TransferStatus::Failed, Some("resolved_by_operator")),
        }
    }
}

/// Everything that the sandbox can do wrong, before and after it acts, with both ends where it
/// makes a difference.
const MATRIX: &[(&str, End)] = &[
    ("paid", End::Paid),
    ("declined", End::Declined),
    ("later:50", End::Paid),
    ("declined_later:50", End::Declined),
    ("slow:100+paid", End::Paid),
    ("slow:100+later:50", End::Paid),
    ("timeout_before+paid", End::Paid),
    ("timeout_before+declined", End::Declined),
    ("timeout_after+paid", End::Paid),
    ("timeout_after+silent+later:50", End::Paid),
    ("error_before+paid", End::Paid),
    ("error_after+later:50", End::Paid),
    ("error_after*2+declined", End::Declined),
    ("error_after+silent+declined_later:50", End::Declined),
    ("drop_before+paid", End::Paid),
    ("drop_after+later:50", End::Paid),
    ("drop_after*2+paid", End::Paid),
    ("garbage_after+paid", End::Paid),
    ("huge_after+later:50", End::Paid),
    ("busy*2+paid", End::Paid),
    ("late:1200+paid", End::Paid),
    ("early", End::Paid),
    ("early+declined_later", End::Declined),
    ("early+drop_after", End::Paid),
    ("duplicate:50", End::Paid),
    ("forged:50", End::Paid),
    ("forged+declined_later:50", End::Declined),
    ("silent:50", End::Paid),
    ("silent+declined_later:50", End::Declined),
    ("never", End::Open),
    // Longer than all tries, so a person sends it on.
    ("drop_after*9+paid", End::Paid),
    ("screen_deny", End::Denied),
    ("screen_review+paid", End::Allowed),
    ("screen_review+later:50", End::Refused),
    ("screen_timeout+paid", End::Paid),
    ("screen_error*2+later:50", End::Paid),
    ("screen_drop+paid", End::Paid),
    ("screen_busy+declined", End::Declined),
    ("screen_slow:100+paid", End::Paid),
];

/// What most payouts ask for: a provider of which most calls fail is left alone by the breaker,
/// and this is not about the breaker.
const REGULAR: &[(&str, End)] = &[
    ("paid", End::Paid),
    ("paid", End::Paid),
    ("screen_allow+paid", End::Paid),
    ("paid", End::Paid),
    ("later:50", End::Paid),
    ("paid", End::Paid),
    ("paid", End::Paid),
    ("declined", End::Declined),
    ("paid", End::Paid),
    ("screen_allow+later:50", End::Paid),
];

/// Where a process dies for a payout. Its amount says where.
pub const PLACES: &[&str] = &[
    "call-before:submit_payout:1",
    "call-after:submit_payout:1",
    "call-before:submit_payout:2",
    "call-after:submit_payout:2",
    "call-before:confirm_payout:1",
    "call-after:confirm_payout:1",
    "call-before:screen_outside:1",
    "call-after:screen_outside:1",
    "call-before:screen_outside:2",
    "call-after:screen_outside:2",
];

/// What a payout without a deadly place moves.
const HARMLESS: i64 = 500;
/// The first deadly amount.
pub const DEADLY: i64 = 1_001;
/// Of so many, one is deadly until there are no more: several of them die together.
const DEADLY_EVERY: usize = 3;
/// Of so many others, one misbehaves.
const WRONG_EVERY: usize = 5;

/// One payout.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub behavior: &'static str,
    pub end: End,
    pub amount: i64,
    /// Where a process dies for it; null for most.
    pub place: Option<&'static str>,
}

impl Case {
    /// Whether a request may come to the provider after the same payout was taken on: one of ours
    /// that it acts upon late.
    pub fn comes_late(&self) -> bool {
        self.behavior.contains("late:")
    }
}

/// Whether a payout of this behavior makes such a call.
fn comes_to(place: &str, behavior: &str, end: End) -> bool {
    let any = |words: &[&str]| words.iter().any(|word| behavior.contains(word));
    let fails = |prefix: &str| {
        ["timeout", "error", "drop"]
            .iter()
            .any(|what| behavior.contains(&format!("{prefix}{what}")))
    };
    let (_, call) = place.split_once(':').expect("a call");
    let screened = any(&["screen_"]);
    // Where there is a notice, it is read instead.
    let told = any(&["early"]) || any(&["later:50"]) && !any(&["silent"]);
    match call {
        "screen_outside:1" => screened,
        "screen_outside:2" => screened && fails("screen_"),
        "submit_payout:1" => !matches!(end, End::Denied | End::Refused),
        "submit_payout:2" => !screened && !told && (fails("") || any(&["garbage", "late:1200"])),
        _ => ["silent", "forged", "never"].iter().any(|word| behavior.starts_with(word)),
    }
}

/// All of them, in the order in which they are sent: each deadly place of each behavior that comes to it
/// once, and among the others all behaviors in turn.
pub fn cases() -> Vec<Case> {
    let deadly = PLACES.iter().enumerate().flat_map(|(at, &place)| {
        let amount = DEADLY + i64::try_from(at).expect("a small number");
        let comes = MATRIX.iter().filter(move |(behavior, end)| comes_to(place, behavior, *end));
        comes.map(move |&(behavior, end)| Case { behavior, end, amount, place: Some(place) })
    });
    let deadly: Vec<Case> = deadly.collect();
    let mut deadly = deadly.into_iter();
    let (mut wrong, mut regular) = (MATRIX.iter().cycle(), REGULAR.iter().cycle());
    let next = |index: usize| {
        let due = index.is_multiple_of(DEADLY_EVERY).then(|| deadly.next()).flatten();
        due.unwrap_or_else(|| {
            let others = if index.is_multiple_of(WRONG_EVERY) { &mut wrong } else { &mut regular };
            let &(behavior, end) = others.next().expect("no end");
            Case { behavior, end, amount: HARMLESS, place: None }
        })
    };
    let cases: Vec<Case> = (0..COUNT).map(next).collect();
    assert!(deadly.next().is_none(), "there is room for every death");
    cases
}
