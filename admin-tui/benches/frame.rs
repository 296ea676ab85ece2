//! From a key to the picture: how long an operator waits, with 100,000 rows behind the list.
//!
//! `cargo bench -p admin-tui --bench frame`: for each list one line for each kind of key, and one for all of them
//! together. A first sort is one by a column that was not sorted by since rows came; a page is what `n` has loaded.

use std::time::{Duration, Instant};

use admin_tui::action::{Action, Reply};
use admin_tui::draw::draw;
use admin_tui::effect::Effect;
use admin_tui::state::{Mode, Place, Rights, State};
use admin_tui::update::update;
use admin_tui::view::Target;
use chrono::Utc;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

const ROWS: u32 = 100_000;
const PAGE: u32 = 1_000;
const ROUNDS: u32 = 300;
const SIZE: (u16, u16) = (200, 60);

type Failure = Box<dyn std::error::Error>;
/// A kind of keys, and those of a round.
type Keys = (&'static str, fn(u32) -> Vec<Action>);
/// A list, and its item with this number.
type List = (&'static str, fn(u32) -> Value);

const LISTS: [List; 2] = [("wallets", wallet), ("dead-letters", dead_letter)];

const KINDS: [Keys; 9] = [
    ("down", |_| vec![Action::Move(1)]),
    ("page down", |_| vec![Action::Page(1)]),
    ("ends", |round| vec![if round % 2 == 0 { Action::Bottom } else { Action::Top }]),
    ("mark", |_| vec![Action::Mark]),
    ("a few marks", |round| vec![if round % 16 == 0 { Action::Unmark } else { Action::Mark }]),
    ("sort", |_| vec![Action::Sort]),
    ("reverse", |_| vec![Action::Reverse]),
    ("filter", |_| {
        typed("0-97").chain((0..4).map(|_| Action::Erase)).chain([Action::Back]).collect()
    }),
    ("filter, words", |_| typed("1 !97 eur").chain([Action::Back]).collect()),
];

fn typed(text: &str) -> impl Iterator<Item = Action> {
    std::iter::once(Action::StartFilter).chain(text.chars().map(Action::Type))
}

fn wallet(number: u32) -> Value {
    json!({
        "id": format!("01a1fbb4-1784-7436-bbf5-{number:012}"), "owner_id": format!("owner-{}", number % 977),
        "currency": "EUR", "status": "active", "label": null, "metadata": null,
        "balance": {"ledger_minor": number * 7 % 100_003, "available_minor": number, "held_minor": 0},
        "created_at": "2026-11-21T00:00:00Z",
    })
}

fn dead_letter(number: u32) -> Value {
    let (mixed, step) =
        (number.wrapping_mul(2_654_435_761), ["post_entry", "place_hold"][number as usize % 2]);
    json!({
        "id": format!("01a1fe88-{:04x}-7100-9b93-{mixed:012x}", number / 50), "transfer_id": format!("01a1fe88-{:04x}-73ca-aa06-{mixed:012x}", number / 50),
        "amount_minor": mixed % 100_003, "held_minor": mixed % 100_003, "currency": "EUR", "attempt_count": mixed % 7,
        "source_wallet_id": "01a1fe86-acb6-71b7-88ff-99bbfa270658", "destination_wallet_id": "01a1fe86-acb5-7659-9905-d63aeb26ae1d",
        "step": step, "undo": false, "reason": "attempts_used_up", "status": "open",
        "failure": {"class": "transient", "code": "posting_lock_lost", "detail": "Made up."},
        "fingerprint": format!("{step}/transient/a_cause_with_a_long_name_{}", mixed % 40),
        "payload": {"caller": "bench", "kind": "transfer", "metadata": null, "reference": "bench"},
        "opened_at": format!("2026-11-21T{:02}:{:02}:{:02}Z", number / 3_600 % 24, number / 60 % 60, number % 60),
        "closed_at": null, "closed_by": null, "closed_reason": null, "correlation_id": null, "evidence": null,
    })
}

/// A console and its screen.
struct Console {
    state: State,
    screen: Terminal<TestBackend>,
    /// What it has asked for, and not got yet.
    asked: Vec<Effect>,
}

impl Console {
    /// At this list, all of it read; and how long each page took to be taken in and shown.
    fn new((list, item): List) -> Result<(Self, Vec<Duration>), Failure> {
        let state = State::new(Target::of(list), Place::default(), Rights::default(), Utc::now());
        let mut state = state.ok_or("no such view")?;
        (state.width, state.height) = SIZE;
        let asked = update(&mut state, Action::Tick(Utc::now()));
        let screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))?;
        let mut console = Self { state, screen, asked };
        let mut took = Vec::new();
        for from in (0..ROWS).step_by(PAGE as usize) {
            let items: Vec<Value> = (from..from + PAGE).map(item).collect();
            took.push(console.answer(&items)?);
        }
        console.state.frozen = true;
        Ok((console, took))
    }

    /// A page comes, and the next one is asked for: there is always one more.
    fn answer(&mut self, items: &[Value]) -> Result<Duration, Failure> {
        let asked = self.asked.iter().find_map(|effect| match effect {
            Effect::Read { question, more, .. } => Some((*question, *more)),
            _ => None,
        });
        let (question, more) = asked.ok_or("nothing was asked")?;
        let page: Box<RawValue> = to_raw_value(&json!({"items": items, "next_cursor": "more"}))?;
        let reply = Reply { question, more, at: self.state.now, answer: Ok(page) };
        let took = self.act(Action::Arrived(reply))?;
        self.asked = update(&mut self.state, Action::More);
        Ok(took)
    }

    /// How long it takes from an action to the picture.
    fn act(&mut self, action: Action) -> Result<Duration, Failure> {
        let (began, state) = (Instant::now(), &mut self.state);
        update(state, action);
        self.screen.draw(|frame| draw(frame, state))?;
        Ok(began.elapsed())
    }
}

fn main() -> Result<(), Failure> {
    println!("{} rows, {}x{}, from key to picture", ROWS, SIZE.0, SIZE.1);
    for list in LISTS {
        println!("\n{}", list.0);
        let (mut console, pages) = Console::new(list)?;
        let mut all = Vec::new();
        for (name, keys) in KINDS {
            let mut took = Vec::new();
            for action in (0..ROUNDS).flat_map(keys) {
                took.push(console.act(action)?);
            }
            all.extend(&took);
            report(name, took);
            console.state.mode = Mode::Browse;
        }
        let mut first = Vec::new();
        for _ in 0..ROUNDS {
            // An empty page: what was worked out for the rows before it holds no more.
            console.answer(&[])?;
            first.push(console.act(Action::Sort)?);
        }
        all.extend(&first);
        report("first sort", first);
        report("all keys", all);
        report("a page comes", pages);
    }
    Ok(())
}

fn report(name: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    let last = took.last().copied().unwrap_or_default();
    println!("{name:<14} p50 {:>9.1?}  p99 {:>9.1?}  longest {last:>9.1?}", at(50), at(99));
}
