//! The loop: event, action, state, picture. What has to wait is done in tasks.

use std::io;
use std::time::Duration;

use crossterm::event::EventStream;
use futures::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};

use crate::action::{Action, ChangeReply, Reply};
use crate::draw::draw;
use crate::effect::Effect;
use crate::input;
use crate::recording::{ME, PULSE};
use crate::signals::Signals;
use crate::source::{Source, SourceError};
use crate::state::{Place, State};
use crate::terminal::Terminal;
use crate::update::update;

/// How often ages grow and data are looked at. Slower than this feels stale, faster costs power.
pub const TICK: Duration = Duration::from_millis(500);

/// How the screen came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The operator left, or the terminal has gone.
    Left,
    /// By the signal with this number.
    Signal(i32),
}

/// Shows the console until the operator leaves. `open` leads to the system of another context.
///
/// # Errors
/// When the terminal is lost.
pub async fn run(
    mut state: State,
    mut source: Source,
    open: impl Fn(&str) -> Result<(Place, Source), String>,
) -> io::Result<Ended> {
    let mut signals = Signals::listen()?;
    let mut terminal = Terminal::take()?;
    let size = terminal.screen.size()?;
    (state.width, state.height) = (size.width, size.height);
    let (mut replies, mut arrived) = unbounded_channel();
    let mut events = EventStream::new();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !state.done {
        state.cost = source.cost();
        terminal.screen.draw(|frame| draw(frame, &state))?;
        let happened = tokio::select! {
            number = signals.next() => return Ok(Ended::Signal(number)),
            happened = next(&mut events, &mut arrived, &mut tick, &state, &source) => happened?,
        };
        let mut waiting = happened;
        // What is there already is dealt with before the next picture: keys held down
        // and a burst of answers cost one picture.
        while let Some(action) = waiting.take() {
            for effect in update(&mut state, action) {
                if let Effect::Switch(name) = effect {
                    let opened = open(&name).map(|(place, new)| {
                        // Answers of the old system are not for the new one.
                        source = new;
                        (replies, arrived) = unbounded_channel();
                        place
                    });
                    replies.send(Action::Opened(opened)).ok();
                } else {
                    start(effect, source.clone(), replies.clone());
                }
            }
            waiting = arrived.try_recv().ok();
        }
    }
    Ok(Ended::Left)
}

async fn next(
    events: &mut EventStream,
    arrived: &mut UnboundedReceiver<Action>,
    tick: &mut tokio::time::Interval,
    state: &State,
    source: &Source,
) -> io::Result<Option<Action>> {
    tokio::select! {
        event = events.next() => match event {
            Some(event) => Ok(input::action(event?, &state.mode)),
            // The terminal is gone.
            None => Ok(Some(Action::Quit)),
        },
        Some(action) = arrived.recv() => Ok(Some(action)),
        _ = tick.tick() => Ok(Some(Action::Tick(source.now()))),
    }
}

async fn read<T: serde::de::DeserializeOwned>(
    source: &Source,
    path: &str,
) -> Result<T, SourceError> {
    let raw = source.get(path).await?;
    let strange = |error: serde_json::Error| {
        SourceError::Strange(source.address().to_owned(), error.to_string())
    };
    serde_json::from_str(raw.get()).map_err(strange)
}

/// Does it in a task of its own, and reports back.
pub fn start(effect: Effect, source: Source, replies: UnboundedSender<Action>) {
    tokio::spawn(async move {
        let action = match effect {
            Effect::Read { question, path, more } => {
                let answer = source.get(&path).await;
                Action::Arrived(Reply { question, more, at: source.now(), answer })
            }
            Effect::Change { ticket, act, id, method, path, body, leads_to } => {
                let answer = source.change(method, &path, &body).await;
                Action::Changed(ChangeReply { ticket, act, id, leads_to, answer })
            }
            Effect::Me => Action::Me(read(&source, ME).await),
            Effect::Pulse => Action::Pulse(read(&source, PULSE).await),
            Effect::Copy(text) => {
                let what = crate::cell::shorten(&text, 40);
                Action::Copied(Terminal::copy(&text).map(|()| what))
            }
            // The loop has done it.
            Effect::Switch(_) => return,
        };
        replies.send(action).ok();
    });
}
