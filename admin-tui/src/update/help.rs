//! Reading the help.

use crate::action::Action;
use crate::effect::Effect;
use crate::line::Line;
use crate::state::{Help, Mode, State};

pub(super) fn help(state: &mut State, action: &Action) -> Vec<Effect> {
    let (lines, room) = crate::draw::help_extent(state);
    let last = lines.saturating_sub(room);
    let Mode::Help(help) = &mut state.mode else {
        return Vec::new();
    };
    let at = help.offset.min(last);
    let by = |lines: i32| at.saturating_add_signed(isize::try_from(lines).unwrap_or(0)).min(last);
    match action {
        Action::Move(lines) => help.offset = by(*lines),
        Action::Page(pages) => {
            help.offset = by(pages.saturating_mul(i32::try_from(room).unwrap_or(1)));
        }
        Action::Top => help.offset = 0,
        Action::Bottom => help.offset = last,
        Action::StartFilter => state.mode = Mode::Search(Line::new(help.words.clone())),
        // Out of the search first.
        Action::Back if !help.words.is_empty() => *help = Help::default(),
        Action::Back | Action::Help | Action::Submit | Action::Open => state.mode = Mode::Browse,
        _ => {}
    }
    Vec::new()
}

/// Words are looked for while they are written.
pub(super) fn search(state: &mut State, action: &Action) -> Vec<Effect> {
    let Mode::Search(line) = &mut state.mode else {
        return Vec::new();
    };
    match action {
        Action::Type(letter) => line.push(*letter),
        Action::Paste(text) => line.paste(text),
        Action::Edit(edit) => line.edit(*edit),
        Action::Erase if line.erase() => {}
        Action::Submit => {
            let words = line.text().to_owned();
            state.mode = Mode::Help(Help { offset: 0, words });
        }
        Action::Erase | Action::Back => state.mode = Mode::Help(Help::default()),
        _ => {}
    }
    Vec::new()
}
