//! A console on the recording that comes with it: whatever it asks for is answered at once.

use std::fmt::Write;
use std::sync::OnceLock;

use admin_tui::action::{Action, ChangeReply, Reply};
use admin_tui::draw::draw;
use admin_tui::effect::Effect;
use admin_tui::input;
use admin_tui::recording::Recording;
use admin_tui::source::SourceError;
use admin_tui::state::{Pane, Place, Rights, State};
use admin_tui::theme::ThemeName;
use admin_tui::update::update;
use admin_tui::view::{Row, Target, View};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use serde_json::value::RawValue;

/// The recording, read once.
pub fn demo() -> &'static Recording {
    static DEMO: OnceLock<Recording> = OnceLock::new();
    DEMO.get_or_init(|| Recording::demo().unwrap())
}

/// What a view shows in the recording: itself, or the first of its kind.
pub fn shown(view: &'static View) -> Target {
    let Some((before, after)) = view.path.split_once("{id}") else {
        return Target::of(view.name);
    };
    let found = demo().answers.keys().find_map(|path| {
        let path = path.strip_prefix("/admin/v1")?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let id = path.strip_prefix(before)?.strip_suffix(after)?;
        // What has a slash in it, or is a word, is another view.
        let is_number = !id.is_empty() && id.chars().all(|digit| digit.is_ascii_digit());
        let is_id = [26, 36].contains(&id.len()) && !id.contains('/');
        (is_id || is_number).then_some((id, query))
    });
    let (id, query) = found.unwrap_or_else(|| panic!("the recording has no {}", view.name));
    let params = query.split_terminator('&').filter_map(|pair| pair.split_once('='));
    params.fold(Target::one(view.name, id), |target, (name, value)| target.with(name, value))
}

/// A console and its screen.
pub struct Console {
    pub state: State,
    screen: Terminal<TestBackend>,
    /// Changes that it asked for: method, path and body.
    pub changes: Vec<String>,
    /// What is answered to them.
    pub refusal: Option<SourceError>,
    /// Whether nobody answers.
    pub away: bool,
    /// Reads and changes that are not answered yet, when answers take their time.
    pub late: Option<Vec<Effect>>,
}

impl Console {
    /// At this view, on a screen of this size.
    pub fn new(target: Target, (width, height): (u16, u16)) -> Self {
        let (name, address) = ("demo".into(), "recorded".into());
        let place = Place { name, address, production: false, words: Vec::new() };
        let rights = Rights { changes: false, recorded: true, me: None };
        let mut state = State::new(target, place, rights, demo().recorded_at).unwrap();
        (state.width, state.height) = (width, height);
        let screen = Terminal::new(TestBackend::new(width, height)).unwrap();
        let changes = Vec::new();
        let mut console = Self { state, screen, changes, refusal: None, away: false, late: None };
        console.act(Action::Tick(demo().recorded_at));
        console
    }

    /// One that may change something.
    pub fn with_changes(target: Target, size: (u16, u16)) -> Self {
        let mut console = Self::new(target, size);
        (console.state.rights.changes, console.state.rights.recorded) = (true, false);
        console
    }

    /// Does it, and everything that follows.
    pub fn act(&mut self, action: Action) {
        let effects = update(&mut self.state, action);
        self.run(effects);
    }

    /// What was asked for is answered now.
    pub fn catch_up(&mut self) {
        let late = self.late.take();
        self.run(late.unwrap_or_default());
    }

    fn run(&mut self, mut effects: Vec<Effect>) {
        while let Some(effect) = effects.pop() {
            if let (Effect::Read { .. } | Effect::Change { .. }, Some(late)) =
                (&effect, &mut self.late)
            {
                late.push(effect);
                continue;
            }
            let action = match effect {
                Effect::Read { question, path, more } => {
                    let (at, answer) = (demo().recorded_at, self.answer(&path));
                    Action::Arrived(Reply { question, more, at, answer })
                }
                Effect::Change { ticket, act, id, path, body, leads_to, .. } => {
                    self.changes.push(format!("{path} {body}"));
                    let answer = self
                        .refusal
                        .clone()
                        .map_or_else(|| Ok(RawValue::from_string("{}".to_owned()).unwrap()), Err);
                    Action::Changed(ChangeReply { ticket, act, id, leads_to, answer })
                }
                Effect::Me => {
                    let me = self.answer("/admin/v1/me");
                    Action::Me(me.map(|raw| serde_json::from_str(raw.get()).unwrap()))
                }
                Effect::Pulse => {
                    let pulse = self.answer("/admin/v1/overview?points=1");
                    Action::Pulse(pulse.map(|raw| serde_json::from_str(raw.get()).unwrap()))
                }
                Effect::Copy(text) => Action::Copied(Ok(text)),
                Effect::Switch(name) => Action::Opened(Err(format!("{name} is elsewhere"))),
            };
            effects.extend(update(&mut self.state, action));
        }
    }

    fn answer(&self, path: &str) -> Result<Box<RawValue>, SourceError> {
        if self.away {
            return Err(SourceError::Away("recorded".into(), "connection refused".into()));
        }
        let answer = demo().answers.get(path).cloned();
        answer.ok_or_else(|| SourceError::NotRecorded(path.to_owned()))
    }

    /// A terminal event.
    pub fn event(&mut self, event: Event) {
        if let Some(action) = input::action(event, &self.state.mode) {
            self.act(action);
        }
    }

    pub fn key(&mut self, code: KeyCode) {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    /// Letters, one after the other.
    pub fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            self.key(KeyCode::Char(letter));
        }
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.screen.backend_mut().resize(width, height);
        self.event(Event::Resize(width, height));
    }

    pub fn draw(&mut self) -> &Buffer {
        let state = &self.state;
        self.screen.draw(|frame| draw(frame, state)).unwrap();
        self.screen.backend().buffer()
    }

    /// So many seconds go by.
    pub fn wait(&mut self, seconds: i64) {
        self.act(Action::Tick(self.state.now + chrono::TimeDelta::seconds(seconds)));
    }

    /// What is shown.
    pub fn pane(&self) -> &Pane {
        self.state.pane().unwrap()
    }

    /// The cursor goes to the first row of which this is true.
    pub fn find(&mut self, wanted: impl Fn(&Row) -> bool) -> Row {
        let pane = self.pane();
        let place = pane.shown.iter().position(|&at| wanted(&pane.rows[at]));
        let place = place.unwrap_or_else(|| panic!("no such row in {}", pane.view.name));
        self.state.panes.last_mut().unwrap().cursor = place;
        self.pane().row().unwrap().clone()
    }

    /// What is on the screen, without the blanks at the ends of lines.
    pub fn text(&mut self) -> String {
        let buffer = self.draw();
        let width = usize::from(buffer.area.width);
        let mut text = String::new();
        for row in buffer.content.chunks(width) {
            // A wide letter has a blank cell behind it, which is no blank.
            let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
        text
    }

    /// How it is coloured: for each line, which columns have which style; and what the styles are.
    pub fn styles(&mut self, theme: ThemeName) -> String {
        self.state.theme = theme;
        let buffer = self.draw();
        let width = usize::from(buffer.area.width);
        let mut known: Vec<Style> = vec![ratatui::buffer::Cell::EMPTY.style()];
        let mut lines = String::new();
        for (number, row) in buffer.content.chunks(width).enumerate() {
            let mut runs = Vec::new();
            let mut at = 0;
            for run in row.chunk_by(|one, two| one.style() == two.style()) {
                let style = run.first().map(ratatui::buffer::Cell::style).unwrap_or_default();
                let place = known.iter().position(|one| *one == style).unwrap_or_else(|| {
                    known.push(style);
                    known.len() - 1
                });
                if place > 0 {
                    runs.push(format!("{place}:{at}-{}", at + run.len() - 1));
                }
                at += run.len();
            }
            if !runs.is_empty() {
                writeln!(lines, "{number:>2}  {}", runs.join(" ")).unwrap();
            }
        }
        for (number, style) in known.iter().enumerate().skip(1) {
            writeln!(lines, "{number} is {}", words(*style)).unwrap();
        }
        lines
    }
}

fn words(style: Style) -> String {
    let colour = |name: &str, colour: Option<ratatui::style::Color>| {
        let colour = colour.filter(|colour| *colour != ratatui::style::Color::Reset);
        colour.map(|colour| format!("{name} {colour}"))
    };
    let modifiers = format!("{:?}", style.add_modifier);
    let parts = [colour("on", style.bg), colour("in", style.fg), Some(modifiers)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
