//! From a key to the picture: how long an operator waits, with 100,000 rows behind the list.
//!
//! `cargo bench -p admin-tui`: one line for each kind of key, and one for all of them together.

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
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

const ROWS: u32 = 100_000;
const PAGE: u32 = 1_000;
const ROUNDS: u32 = 300;
const SIZE: (u16, u16) = (200, 60);

type Failure = Box<dyn std::error::Error>;
/// A kind of keys, and those of a round.
type Keys = (&'static str, fn(u32) -> Vec<Action>);

/// A page of wallets, beginning with this number.
fn page(from: u32) -> Result<Box<RawValue>, serde_json::Error> {
    let wallet = |number: u32| {
        json!({
            "id": format!("01a1fbb4-1784-7436-bbf5-{number:012}"), "owner_id": format!("owner-{}", number % 977),
            "currency": "EUR", "status": "active", "label": null, "metadata": null,
            "balance": {"ledger_minor": number * 7 % 100_003, "available_minor": number, "held_minor": 0},
            "created_at": "2026-11-21T00:00:00Z",
        })
    };
    let items: Vec<_> = (from..from + PAGE).map(wallet).collect();
    let next = (from + PAGE < ROWS).then(|| (from + PAGE).to_string());
    to_raw_value(&json!({"items": items, "next_cursor": next}))
}

fn main() -> Result<(), Failure> {
    let mut state =
        State::new(Target::of("wallets"), Place::default(), Rights::default(), Utc::now())
            .ok_or("no such view")?;
    (state.width, state.height) = SIZE;
    let mut screen = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))?;
    fill(&mut state)?;
    state.frozen = true;

    let kinds: [Keys; 6] = [
        ("down", |_| vec![Action::Move(1)]),
        ("page", |_| vec![Action::Page(1)]),
        ("ends", |round| vec![if round % 2 == 0 { Action::Bottom } else { Action::Top }]),
        ("mark", |_| vec![Action::Mark]),
        ("sort", |_| vec![Action::Sort]),
        ("filter", |_| {
            let letters = "owner-97".chars().map(Action::Type);
            std::iter::once(Action::StartFilter).chain(letters).chain([Action::Back]).collect()
        }),
    ];
    let mut all = Vec::new();
    println!("{} rows, {}x{}, from key to picture", ROWS, SIZE.0, SIZE.1);
    for (name, keys) in kinds {
        let mut took = Vec::new();
        for round in 0..ROUNDS {
            for action in keys(round) {
                let began = Instant::now();
                update(&mut state, action);
                screen.draw(|frame| draw(frame, &state))?;
                took.push(began.elapsed());
            }
        }
        state.mode = Mode::Browse;
        all.extend(&took);
        report(name, took);
    }
    report("all", all);
    Ok(())
}

/// Reads page after page.
fn fill(state: &mut State) -> Result<(), Failure> {
    let mut effects = update(state, Action::Tick(state.now));
    let mut from = 0;
    while let Some(effect) = effects.pop() {
        if let Effect::Read { question, more, .. } = effect {
            let reply = Reply { question, more, at: state.now, answer: Ok(page(from)?) };
            update(state, Action::Arrived(reply));
            from += PAGE;
            if from < ROWS {
                effects = update(state, Action::More);
            }
        }
    }
    Ok(())
}

fn report(name: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    let last = took.last().copied().unwrap_or_default();
    println!("{name:<8} p50 {:>9.1?}  p99 {:>9.1?}  longest {last:>9.1?}", at(50), at(99));
}
