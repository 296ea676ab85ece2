//! Pages.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::cell::{Cell, Tone, grouped};
use crate::document::{Block, Document};
use crate::draw::list::pad;
use crate::state::{Pane, State};

/// Levels of a bar one row high.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A part beside others is at least so wide.
const PART_WIDTH_MIN: usize = 56;
/// Columns of the newest and the highest value of a graph.
const NUMBERS_WIDTH: usize = 24;
/// Columns of names.
const NAME_WIDTH: usize = 22;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, pane: &Pane) {
    let Some(document) = &pane.document else {
        return;
    };
    let lines = write(document, state, usize::from(area.width), Some(pane.cursor)).lines;
    let room = usize::from(area.height);
    let offset = pane.offset.min(lines.len().saturating_sub(room));
    let shown: Vec<Line<'_>> = lines.into_iter().skip(offset).take(room).collect();
    frame.render_widget(Paragraph::new(shown), area);
}

/// A document as lines. The crumbs say what it is about.
pub(super) fn lines(document: &Document, state: &State, width: usize) -> Vec<Line<'static>> {
    write(document, state, width, None).lines
}

/// How large a page is.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    /// Its lines.
    pub lines: usize,
    /// On which of them its links are, in their order.
    pub links: Vec<usize>,
}

/// How large the page on the screen is; nothing when it is a list.
pub(crate) fn extent(state: &State) -> Extent {
    let document = state.pane().and_then(|pane| pane.document.as_ref());
    document.map_or_else(Extent::default, |document| {
        let written = write(document, state, usize::from(state.width), None);
        Extent { lines: written.lines.len(), links: written.places }
    })
}

/// What of the row under the cursor is cut off; none when nothing is.
pub(super) fn cut(state: &State, pane: &Pane, width: usize) -> Option<String> {
    write(pane.document.as_ref()?, state, width, Some(pane.cursor)).cut
}

fn write<'a>(
    document: &Document,
    state: &'a State,
    width: usize,
    cursor: Option<usize>,
) -> Writer<'a> {
    let mut writer = Writer::new(state, width, 0, cursor);
    for block in &document.blocks {
        writer.block(block);
    }
    writer
}

struct Writer<'a> {
    state: &'a State,
    width: usize,
    lines: Vec<Line<'static>>,
    /// Links before its own.
    before: usize,
    /// Number of the link that the cursor is on.
    cursor: Option<usize>,
    /// Lines of its links.
    places: Vec<usize>,
    /// What is cut off in the row that the cursor is on.
    cut: Option<String>,
}

impl<'a> Writer<'a> {
    fn new(state: &'a State, width: usize, before: usize, cursor: Option<usize>) -> Self {
        Self { state, width, lines: Vec::new(), before, cursor, places: Vec::new(), cut: None }
    }

    fn push(&mut self, line: Line<'static>) {
        self.lines.push(line);
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Fields(fields) => self.fields(fields),
            Block::Table { heading, columns, rows } => self.table(heading, columns, rows),
            Block::Note(text, tone) => {
                let style = self.state.theme.tone(*tone);
                for line in wrap(text, self.width.saturating_sub(2)) {
                    self.push(Line::styled(format!(" {line}"), style));
                }
            }
            Block::Gauge { label, done, total } => self.gauge(label, *done, *total),
            Block::Graph { label, points } => self.graph(label, points),
            Block::Side(parts) => self.side(parts),
            Block::Json(text) => {
                for line in text.lines() {
                    self.push(Line::raw(format!("  {}", crate::cell::printable(line))));
                }
            }
        }
    }

    /// Parts beside one another, or below one another where a column would be too narrow.
    fn side(&mut self, parts: &[Document]) {
        let count = parts.len().max(1);
        let beside = self.width / count >= PART_WIDTH_MIN;
        let width = if beside { self.width / count } else { self.width };
        let mut columns = Vec::new();
        for part in parts {
            let before = self.before + self.places.len();
            let mut writer = Writer::new(self.state, width, before, self.cursor);
            for block in &part.blocks {
                writer.block(block);
            }
            let top = self.lines.len();
            self.places.extend(writer.places.iter().map(|at| top + at));
            self.cut = self.cut.take().or(writer.cut);
            if beside {
                columns.push(writer.lines);
            } else {
                self.lines.extend(writer.lines);
            }
        }
        let height = columns.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..height {
            let cells = columns.iter().map(|lines| lines.get(row).cloned().unwrap_or_default());
            self.lines.push(joined(cells, width));
        }
    }

    fn fields(&mut self, fields: &[(String, Cell)]) {
        for (name, cell) in fields {
            let theme = self.state.theme;
            let room = self.width.saturating_sub(NAME_WIDTH + 2);
            let text = cell.show(self.state.now);
            for (number, part) in wrap(&text, room).into_iter().enumerate() {
                let name = if number == 0 { name.as_str() } else { "" };
                self.push(Line::from(vec![
                    Span::styled(
                        format!(" {}", pad(name, NAME_WIDTH, false)),
                        theme.tone(Tone::Faint),
                    ),
                    Span::styled(part, theme.tone(cell.tone())),
                ]));
            }
        }
    }

    fn table(
        &mut self,
        heading: &str,
        columns: &[String],
        rows: &[(Vec<Cell>, Option<crate::view::Target>)],
    ) {
        let (state, theme) = (self.state, self.state.theme);
        self.push(Line::raw(""));
        self.push(Line::styled(format!(" {heading}"), theme.heading()));
        let widths = fitting(columns, rows, state, self.width.saturating_sub(2));
        let titles: Vec<String> = columns
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (title, &width))| {
                let right =
                    rows.first().and_then(|(cells, _)| cells.get(at)).is_some_and(Cell::is_number);
                format!(" {} ", pad(&crate::cell::shorten(title, width), width, right))
            })
            .collect();
        self.push(Line::styled(titles.concat(), theme.tone(Tone::Faint)));
        for (cells, target) in rows {
            let spans: Vec<Span<'static>> = cells
                .iter()
                .zip(&widths)
                .map(|(cell, &width)| {
                    let text = pad(&cell.fit(state.now, width), width, cell.is_number());
                    Span::styled(format!(" {text} "), theme.tone(cell.tone()))
                })
                .collect();
            let mut line = Line::from(spans);
            if target.is_some() {
                if self.cursor == Some(self.before + self.places.len()) {
                    line = line.style(theme.cursor());
                    self.cut = cut_off(columns, cells, &widths, state);
                }
                self.places.push(self.lines.len());
            }
            self.push(line);
        }
    }

    fn gauge(&mut self, label: &str, done: u64, total: u64) {
        let room = self.width.saturating_sub(NAME_WIDTH + 22).clamp(5, 60) as u64;
        let filled = (room * done.min(total)).checked_div(total).unwrap_or(0);
        let bar =
            format!("{}{}", "█".repeat(to_usize(filled)), "░".repeat(to_usize(room - filled)));
        self.push(Line::from(vec![
            Span::styled(
                format!(" {}", pad(label, NAME_WIDTH, false)),
                self.state.theme.tone(Tone::Faint),
            ),
            Span::styled(bar, self.state.theme.tone(Tone::Good)),
            Span::raw(format!(" {done} of {total}")),
        ]));
    }

    /// Bars, as high as the screen allows: one row beside its name on a small one, so that the whole
    /// page fits; else as wide as there is room, below it.
    fn graph(&mut self, label: &str, points: &[Option<u64>]) {
        let theme = self.state.theme;
        let rows: u64 = match self.state.height {
            0..=32 => 1,
            33..=48 => 3,
            _ => 5,
        };
        let beside = rows == 1;
        let taken = if beside { NAME_WIDTH + NUMBERS_WIDTH } else { 4 };
        let room = self.width.saturating_sub(taken).max(5);
        let newest = points.get(points.len().saturating_sub(room)..).unwrap_or_default();
        let highest = newest.iter().flatten().max().copied().unwrap_or(0);
        let last = newest.last().copied().flatten();
        let last = last.map_or_else(|| "-".to_owned(), |value| grouped(value.into()));
        let name =
            Span::styled(format!(" {}", pad(label, NAME_WIDTH, false)), theme.tone(Tone::Faint));
        let numbers = Span::raw(format!(" {last} (most {})", grouped(highest.into())));
        let bars = |row| -> String {
            newest.iter().map(|point| bar(*point, highest, rows, row)).collect()
        };
        let drawn = |row| Span::styled(pad(&bars(row), room, true), theme.tone(Tone::Link));
        if beside {
            self.push(Line::from(vec![name, drawn(0), numbers]));
            return;
        }
        self.push(Line::from(vec![name, numbers]));
        for row in (0..rows).rev() {
            self.push(Line::from(vec![Span::raw("  "), drawn(row)]));
        }
    }
}

/// What a point looks like in one of the rows of a graph; row 0 is the lowest. A value that is
/// not zero is seen, however small it is.
fn bar(point: Option<u64>, highest: u64, rows: u64, row: u64) -> char {
    let Some(value) = point else {
        return ' ';
    };
    let levels = value.saturating_mul(rows * 8).checked_div(highest).unwrap_or(0);
    let level = levels.max(u64::from(value > 0)).saturating_sub(row * 8).min(8);
    match level {
        0 if row == 0 => '_',
        0 => ' ',
        level => BARS.get(to_usize(level - 1)).copied().unwrap_or('█'),
    }
}

/// Lines beside one another, each in a column of this width.
fn joined(lines: impl Iterator<Item = Line<'static>>, width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    for line in lines {
        let gap = width.saturating_sub(line.width());
        let style = line.style;
        spans.extend(line.spans.into_iter().map(|span| span.patch_style(style)));
        spans.push(Span::raw(" ".repeat(gap)));
    }
    Line::from(spans)
}

/// The cells of a row that are wider than their columns.
fn cut_off(columns: &[String], cells: &[Cell], widths: &[usize], state: &State) -> Option<String> {
    let parts = columns.iter().zip(cells).zip(widths).filter_map(|((title, cell), width)| {
        let text = cell.show(state.now);
        (text.width() > *width).then(|| format!("{title}: {text}"))
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join("  "))
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Each column as wide as its widest cell; the widest texts give way until all fit.
fn fitting(
    columns: &[String],
    rows: &[(Vec<Cell>, Option<crate::view::Target>)],
    state: &State,
    room: usize,
) -> Vec<usize> {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|(cells, _)| cells.get(at));
        cells.map(|cell| cell.show(state.now).width()).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> =
        columns.iter().enumerate().map(|(at, title)| widest(at).max(title.width())).collect();
    let is_text = |at: usize| {
        let cell = rows.first().and_then(|(cells, _)| cells.get(at));
        cell.is_none_or(|cell| !cell.is_number())
    };
    while widths.iter().map(|width| width + 2).sum::<usize>() > room {
        let giving =
            (0..widths.len()).filter(|&at| is_text(at)).max_by_key(|&at| widths.get(at).copied());
        match giving.and_then(|at| widths.get_mut(at)).filter(|width| **width > 4) {
            Some(width) => *width -= 1,
            None => break,
        }
    }
    widths
}

/// A text in lines of at most `width` columns, broken at spaces where there are some.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        loop {
            let line = lines.last().map_or(0, |line| line.width());
            let gap = usize::from(line > 0);
            if line + gap + word.width() <= width {
                if let Some(last) = lines.last_mut() {
                    if gap > 0 {
                        last.push(' ');
                    }
                    last.push_str(&word);
                }
                break;
            }
            if line > 0 {
                lines.push(String::new());
                continue;
            }
            // A word longer than a line.
            let head: String = word.chars().take(width).collect();
            let rest: String = word.chars().skip(width).collect();
            if let Some(last) = lines.last_mut() {
                *last = head;
            }
            lines.push(String::new());
            word = rest;
        }
    }
    lines
}
