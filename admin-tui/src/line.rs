//! A line that is being written.

/// A text and the place where the next letter goes: always its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
}

/// Longer than any reason that the server takes; a paste may be longer.
const LETTERS_MAX: usize = 1_000;

impl Line {
    /// A line with something in it.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A letter more. Control characters are no letters.
    pub fn push(&mut self, letter: char) {
        if !letter.is_control() && self.text.chars().count() < LETTERS_MAX {
            self.text.push(letter);
        }
    }

    /// Text from the clipboard, as one line.
    pub fn paste(&mut self, text: &str) {
        text.chars().for_each(|letter| self.push(if letter == '\n' { ' ' } else { letter }));
    }

    /// The last letter goes. False when there was none.
    pub fn erase(&mut self) -> bool {
        self.text.pop().is_some()
    }
}
