//! The pictures in the documents are what the console draws. `docs/pictures/make.sh` draws them anew.
#![allow(clippy::cast_precision_loss, reason = "columns and rows of a screen")]

use std::fmt::Write;
use std::path::Path;

use admin_tui::view::Target;
use crossterm::event::KeyCode;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::support::Console;

/// A cell of the screen in the picture.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 18.0;
const SIZE: (u16, u16) = (120, 36);
/// Colours of the terminal.
const PAPER: &str = "#16181d";
const INK: &str = "#d7dae0";

fn colour(colour: Color, or: &'static str) -> &'static str {
    match colour {
        Color::Black => "#16181d",
        Color::Red | Color::LightRed => "#ef596f",
        Color::Green | Color::LightGreen => "#89ca78",
        Color::Yellow | Color::LightYellow => "#e5c07b",
        Color::Blue | Color::LightBlue => "#61afef",
        Color::Magenta | Color::LightMagenta => "#d55fde",
        Color::Cyan | Color::LightCyan => "#2bbac5",
        Color::Gray | Color::White => "#ffffff",
        Color::DarkGray => "#5c6370",
        _ => or,
    }
}

/// Colour of the letters and of what is behind them.
fn colours(cell: &Cell) -> (&'static str, &'static str) {
    let (ink, paper) = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) { (paper, ink) } else { (ink, paper) }
}

fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let (width, height) = (WIDTH * columns as f64, HEIGHT * rows as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>\n"
    );
    for (row, cells) in buffer.content.chunks(columns).enumerate() {
        let mut at = 0;
        let alike = |one: &Cell, two: &Cell| colours(one) == colours(two) && bold(one) == bold(two);
        for run in cells.chunk_by(alike) {
            draw(&mut svg, run, at, row);
            at += run.len();
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn bold(cell: &Cell) -> bool {
    cell.modifier.contains(Modifier::BOLD)
}

fn draw(svg: &mut String, run: &[Cell], at: usize, row: usize) {
    let text: String = run.iter().map(Cell::symbol).collect();
    let (ink, paper) = colours(&run[0]);
    let (x, y) = (WIDTH * at as f64, HEIGHT * row as f64);
    let width = WIDTH * run.len() as f64;
    if paper != PAPER {
        writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>")
            .unwrap();
    }
    if text.trim().is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let weight = if bold(&run[0]) { " font-weight=\"bold\"" } else { "" };
    let baseline = y + 13.5;
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" xml:space=\"preserve\" fill=\"{ink}\"{weight}>{text}</text>"
    )
    .unwrap();
}

fn check(name: &str, console: &mut Console) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(name);
    let drawn = svg(console.draw());
    if std::env::var_os("HOLDFAST_PICTURES").is_some() {
        std::fs::write(&path, drawn).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == drawn, "{name} is not what the console draws: run docs/pictures/make.sh");
}

#[test]
fn the_pictures_in_the_documents_are_the_screen() {
    check("overview.svg", &mut Console::new(Target::of("overview"), SIZE));
    check("incidents.svg", &mut Console::new(Target::of("incidents"), SIZE));
    let mut console = Console::new(Target::of("plans"), SIZE);
    console.key(KeyCode::Enter);
    check("plan.svg", &mut console);
}
