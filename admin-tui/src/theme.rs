//! Colours by meaning. The sixteen colours of the terminal, so that they suit its background;
//! without colour, meaning is carried by weight and marks.

use ratatui::style::{Color, Modifier, Style};

use crate::cell::Tone;

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// No colour at all, as NO_COLOR asks.
    Plain,
}

impl ThemeName {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Plain,
            Self::Plain => Self::Dark,
        }
    }

    /// What the command line calls it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "dark" | "default" => Some(Self::Dark),
            "light" => Some(Self::Light),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }

    fn color(self, dark: Color, light: Color) -> Style {
        match self {
            Self::Dark => Style::new().fg(dark),
            Self::Light => Style::new().fg(light),
            Self::Plain => Style::new(),
        }
    }

    /// Of a value.
    pub fn tone(self, tone: Tone) -> Style {
        let bold = Modifier::BOLD;
        match tone {
            Tone::Plain => Style::new(),
            Tone::Faint => match self {
                Self::Plain => Style::new(),
                _ => Style::new().fg(Color::DarkGray),
            },
            Tone::Good => self.color(Color::Green, Color::Green),
            Tone::Warn => self.color(Color::Yellow, Color::Magenta).add_modifier(bold),
            Tone::Bad => {
                let style = self.color(Color::LightRed, Color::Red).add_modifier(bold);
                if self == Self::Plain { style.add_modifier(Modifier::UNDERLINED) } else { style }
            }
            Tone::Link => self.color(Color::Cyan, Color::Blue),
        }
    }

    /// Of headings.
    pub fn heading(self) -> Style {
        self.color(Color::Gray, Color::Black).add_modifier(Modifier::BOLD)
    }

    /// Of the row that the cursor is on.
    pub fn cursor(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Of the bar at the top; of a production system in a colour that nobody overlooks.
    pub fn bar(self, production: bool) -> Style {
        match (self, production) {
            (Self::Plain, true) => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            (Self::Plain, false) => Style::new().add_modifier(Modifier::BOLD),
            (_, true) => Style::new().bg(Color::Red).fg(Color::White).add_modifier(Modifier::BOLD),
            (Self::Dark, false) => Style::new().bg(Color::DarkGray).fg(Color::White),
            (Self::Light, false) => Style::new().bg(Color::Gray).fg(Color::Black),
        }
    }
}
