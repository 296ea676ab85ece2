//! The dialog before a change.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use crate::cell::Tone;
use crate::draw::page;
use crate::state::{Dialog, State};

pub(super) fn draw(frame: &mut Frame<'_>, body: Rect, state: &State, dialog: &Dialog) {
    let theme = state.theme;
    let width = body.width.saturating_sub(4).min(110);
    let inner = usize::from(width).saturating_sub(4);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for line in page::wrap(dialog.act.about, inner) {
        lines.push(Line::from(format!(" {line}")));
    }
    lines.push(Line::styled(format!(" {}", subject(dialog)), theme.tone(Tone::Link)));
    lines.push(Line::raw(""));

    let mut tail = field_lines(state, dialog);
    if let Some(problem) = &dialog.problem {
        tail.push(Line::styled(format!(" {problem}"), theme.tone(Tone::Bad)));
    }
    // The facts have what room is left: what has to be filled in is always in sight.
    let room = usize::from(body.height).saturating_sub(lines.len() + tail.len() + 3);
    let facts = fact_lines(state, dialog, inner);
    let hidden = facts.len().saturating_sub(room);
    lines.extend(facts.into_iter().take(room));
    if hidden > 0 {
        lines.push(Line::styled(
            format!(" ({hidden} lines more on its page)"),
            theme.tone(Tone::Faint),
        ));
    }
    lines.append(&mut tail);

    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(body.height);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    };
    let title = format!(" {} ", dialog.act.name);
    let frame_style = theme.tone(if state.place.production { Tone::Bad } else { Tone::Warn });
    let block = Block::bordered().title(title).border_style(frame_style);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn subject(dialog: &Dialog) -> String {
    match dialog.ids.as_slice() {
        [one] => one.clone(),
        many => format!("{} things: {}", many.len(), many.join(", ")),
    }
}

fn fact_lines(state: &State, dialog: &Dialog, width: usize) -> Vec<Line<'static>> {
    let theme = state.theme;
    match &dialog.facts {
        Some(Ok(document)) => {
            let mut lines = page::lines(document, state, width);
            lines.push(Line::raw(""));
            lines
        }
        Some(Err(why)) => vec![Line::styled(format!(" {why}"), theme.tone(Tone::Warn))],
        None if dialog.question.is_some() => {
            vec![Line::styled(" working out what would come of it", theme.tone(Tone::Faint))]
        }
        None => Vec::new(),
    }
}

fn field_lines(state: &State, dialog: &Dialog) -> Vec<Line<'static>> {
    let theme = state.theme;
    let mut lines = Vec::new();
    for (at, field) in dialog.fields.iter().enumerate() {
        let here = at == dialog.at;
        let cursor = if here { "_" } else { "" };
        let style = if here { theme.heading() } else { theme.tone(Tone::Faint) };
        lines.push(Line::from(vec![
            Span::styled(format!(" {:<22}", field.name), style),
            Span::raw(format!("{}{cursor}", field.line.text())),
            Span::styled(
                if field.line.text().is_empty() {
                    format!("  {}", field.about)
                } else {
                    String::new()
                },
                theme.tone(Tone::Faint),
            ),
        ]));
    }
    lines
}
