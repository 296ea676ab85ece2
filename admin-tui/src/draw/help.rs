//! The help: made from the table of keys, the views and the acts, so that it is complete.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::cell::Tone;
use crate::keymap::KEYS;
use crate::state::State;
use crate::views::{ALL, NUMBERED};

pub(super) fn draw(frame: &mut Frame<'_>, body: Rect, state: &State, offset: usize) {
    let theme = state.theme;
    let mut lines = Vec::new();
    let heading = |text: &str| Line::styled(format!(" {text}"), theme.heading());
    let entry = |key: &str, about: &str| {
        Line::from(vec![
            Span::styled(format!("  {key:<18}"), theme.tone(Tone::Link)),
            Span::raw(about.to_owned()),
        ])
    };
    let acts = state.pane().map(|pane| pane.view.acts).unwrap_or_default();
    if !acts.is_empty() {
        lines.push(heading("What can be done here"));
        for act in acts {
            lines.push(entry(&format!("{}  :{}", act.key, act.name), act.about));
        }
        if let Some(why) = state.locked() {
            lines.push(Line::styled(format!("  now: {why}"), theme.tone(Tone::Warn)));
        }
    }
    lines.push(heading("Keys"));
    lines.extend(KEYS.iter().map(|binding| entry(&binding.keys.join(" "), binding.about)));
    lines.push(heading("Views"));
    for view in ALL {
        let number = NUMBERED.iter().find(|(_, name)| *name == view.name);
        let number = number.map(|(number, _)| format!("{number}  ")).unwrap_or_default();
        lines.push(entry(&format!("{number}:{}", view.name), view.about));
    }
    let room = usize::from(body.height).saturating_sub(2);
    let offset = offset.min(lines.len().saturating_sub(room));
    let shown: Vec<Line<'_>> = lines.into_iter().skip(offset).take(room).collect();
    frame.render_widget(Clear, body);
    frame.render_widget(Paragraph::new(shown).block(Block::bordered().title(" help ")), body);
}
