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
use crate::source::{Source, SourceError};
use crate::state::State;
use crate::terminal::Terminal;
use crate::update::update;

/// How often ages grow and data are looked at. Slower than this feels stale, faster costs power.
const TICK: Duration = Duration::from_millis(500);

/// Shows the console until the operator leaves.
///
/// # Errors
/// When the terminal is lost.
pub async fn run(mut state: State, source: Source) -> io::Result<()> {
    let mut terminal = Terminal::take()?;
    let size = terminal.screen.size()?;
    (state.width, state.height) = (size.width, size.height);
    let (replies, mut arrived) = unbounded_channel();
    let mut events = EventStream::new();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !state.done {
        state.cost = source.cost();
        terminal.screen.draw(|frame| draw(frame, &state))?;
        let Some(action) = next(&mut events, &mut arrived, &mut tick, &state, &source).await?
        else {
            continue;
        };
        apply(&mut state, action, &source, &replies);
        // What is there already is dealt with before the next picture: keys held down
        // and a burst of answers cost one picture.
        while let Ok(action) = arrived.try_recv() {
            apply(&mut state, action, &source, &replies);
        }
    }
    Ok(())
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

fn apply(state: &mut State, action: Action, source: &Source, replies: &UnboundedSender<Action>) {
    for effect in update(state, action) {
        start(effect, source.clone(), replies.clone());
    }
}

async fn me(source: &Source) -> Result<wire::Me, SourceError> {
    let raw = source.get(crate::recording::ME).await?;
    let strange = |error: serde_json::Error| {
        SourceError::Strange(source.address().to_owned(), error.to_string())
    };
    serde_json::from_str(raw.get()).map_err(strange)
}

/// Does it in a task of its own, and reports back.
fn start(effect: Effect, source: Source, replies: UnboundedSender<Action>) {
    tokio::spawn(async move {
        let action = match effect {
            Effect::Read { question, path, more } => {
                let answer = source.get(&path).await;
                Action::Arrived(Reply { question, more, at: source.now(), answer })
            }
            Effect::Change { act, id, method, path, body, leads_to } => {
                let answer = source.change(method, &path, &body).await;
                Action::Changed(ChangeReply { act, id, leads_to, answer })
            }
            Effect::Me => Action::Me(me(&source).await),
            Effect::Copy(text) => {
                let what = crate::cell::shorten(&text, 40);
                Action::Copied(Terminal::copy(&text).map(|()| what))
            }
        };
        replies.send(action).ok();
    });
}
