//! The help: made from the table of keys, the views and the acts, so that it is complete.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use unicode_width::UnicodeWidthStr;

use crate::cell::Tone;
use crate::draw::page;
use crate::keymap::KEYS;
use crate::state::{Mode, State};
use crate::views::{ALL, NUMBERED};

/// Columns of keys and names.
const KEY_WIDTH: usize = 24;
/// Rows of the screen that are not the help's: bar, crumbs, message, status, keys, and its frame.
const ROWS_OUTSIDE: u16 = 7;

pub(super) fn draw(frame: &mut Frame<'_>, body: Rect, state: &State, offset: usize, words: &str) {
    let lines = lines(state, usize::from(body.width), words);
    let room = usize::from(body.height).saturating_sub(2);
    let offset = offset.min(lines.len().saturating_sub(room));
    let shown: Vec<Line<'_>> = lines.into_iter().skip(offset).take(room).collect();
    let title = if words.is_empty() { " help ".to_owned() } else { format!(" help: {words} ") };
    frame.render_widget(Clear, body);
    frame.render_widget(Paragraph::new(shown).block(Block::bordered().title(title)), body);
}

/// How many lines the help has, and how many have room.
pub(crate) fn extent(state: &State) -> (usize, usize) {
    let Mode::Help(help) = &state.mode else {
        return (0, 0);
    };
    let lines = lines(state, usize::from(state.width), &help.words).len();
    (lines, usize::from(state.height.saturating_sub(ROWS_OUTSIDE)))
}

/// What is found of it; all of it without words to look for.
fn lines(state: &State, width: usize, words: &str) -> Vec<Line<'static>> {
    let mut writer = Writer { state, width, words: words.to_lowercase(), lines: Vec::new() };
    writer.acts();
    writer.heading("Keys");
    for binding in KEYS {
        writer.entry(&binding.keys.join(" "), binding.about);
    }
    writer.entry("1 2 ... 0", "the views with these numbers, see below");
    writer.heading("While something is written");
    for (keys, about) in WRITING {
        writer.entry(keys, about);
    }
    writer.heading("Views");
    for view in ALL {
        let number = NUMBERED.iter().find(|(_, name)| *name == view.name);
        let number = number.map(|(number, _)| format!("{number}  ")).unwrap_or_default();
        writer.entry(&format!("{number}:{}", view.name), view.about);
    }
    writer.heading("Words");
    writer.entry(":ctx NAME", "to the system of another context of the configuration file");
    writer.entry(":quit", "leave");
    writer.lines
}

/// Keys of a line that is being written.
const WRITING: [(&str, &str); 6] = [
    ("tab", "complete, or the next field"),
    ("up down", "commands of before; the field before or after"),
    ("ctrl-a ctrl-e", "to the start, to the end"),
    ("ctrl-w ctrl-u ctrl-k", "take away a word, all before, all behind"),
    ("pageup pagedown", "scroll what a dialog shows"),
    ("esc", "leave it"),
];

struct Writer<'a> {
    state: &'a State,
    width: usize,
    words: String,
    lines: Vec<Line<'static>>,
}

impl Writer<'_> {
    /// What can be done here, and what keeps one from it.
    fn acts(&mut self) {
        let Some(pane) = self.state.pane().filter(|pane| !pane.view.acts.is_empty()) else {
            return;
        };
        self.heading("What can be done here");
        for act in pane.view.acts {
            self.entry(&format!("{}  :{}", act.key, act.name), act.about);
            if let Some(why) = pane.refusal(act) {
                self.entry("", &format!("now: {why}"));
            }
        }
        if let Some(why) = self.state.locked().filter(|_| self.words.is_empty()) {
            let style = self.state.theme.tone(Tone::Warn);
            self.lines.push(Line::styled(format!("  now: {why}"), style));
        }
    }

    fn heading(&mut self, text: &str) {
        if self.words.is_empty() {
            self.lines.push(Line::styled(format!(" {text}"), self.state.theme.heading()));
        }
    }

    fn entry(&mut self, key: &str, about: &str) {
        let found = |word: &str| key.contains(word) || about.to_lowercase().contains(word);
        if !self.words.split_whitespace().all(found) {
            return;
        }
        let style = self.state.theme.tone(Tone::Link);
        let mut key = format!("  {key}");
        // A key without room beside it stands above.
        if key.width() + 2 > KEY_WIDTH + 2 {
            self.lines.push(Line::styled(key, style));
            key = String::new();
        }
        let room = self.width.saturating_sub(KEY_WIDTH + 4);
        for line in page::wrap(about, room) {
            self.lines.push(Line::from(vec![
                Span::styled(format!("{key:<width$}", width = KEY_WIDTH + 2), style),
                Span::raw(line),
            ]));
            key = String::new();
        }
    }
}
