//! A line that is being written.

/// A text and the place where the next letter goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// Bytes before the cursor; always at the edge of a letter.
    at: usize,
}

/// What a key does to a line besides writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// The cursor goes a letter back.
    Left,
    /// The cursor goes a letter on.
    Right,
    /// The cursor goes to the start.
    Start,
    /// The cursor goes to the end.
    End,
    /// The word before the cursor goes.
    EraseWord,
    /// All before the cursor goes.
    EraseBefore,
    /// All from the cursor on goes.
    EraseAfter,
    /// The letter under the cursor goes.
    Delete,
}

/// Longer than any reason that the server takes; a paste may be longer.
const LETTERS_MAX: usize = 1_000;

impl Line {
    /// A line with something in it, the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor, and what from there on.
    pub fn parts(&self) -> (&str, &str) {
        self.text.split_at_checked(self.at).unwrap_or((&self.text, ""))
    }

    /// A letter more. Control characters are no letters.
    pub fn push(&mut self, letter: char) {
        if !letter.is_control() && self.text.chars().count() < LETTERS_MAX {
            self.text.insert(self.at, letter);
            self.at += letter.len_utf8();
        }
    }

    /// Text from the clipboard, as one line.
    pub fn paste(&mut self, text: &str) {
        text.chars().for_each(|letter| self.push(if letter == '\n' { ' ' } else { letter }));
    }

    /// The letter before the cursor goes. False when the line was empty already.
    pub fn erase(&mut self) -> bool {
        let was_empty = self.text.is_empty();
        if let Some(letter) = self.parts().0.chars().next_back() {
            self.at -= letter.len_utf8();
            self.text.remove(self.at);
        }
        !was_empty
    }

    /// Moves the cursor, or takes something away.
    pub fn edit(&mut self, edit: Edit) {
        let (before, after) = self.parts();
        let back = before.chars().next_back().map_or(0, char::len_utf8);
        let on = after.chars().next().map_or(0, char::len_utf8);
        match edit {
            Edit::Left => self.at -= back,
            Edit::Right => self.at += on,
            Edit::Start => self.at = 0,
            Edit::End => self.at = self.text.len(),
            Edit::EraseWord => {
                let rest = before.trim_end();
                let kept = rest.rfind(char::is_whitespace).map_or(0, |space| {
                    space
                        + rest.get(space..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8)
                });
                self.cut(kept);
            }
            Edit::EraseBefore => self.cut(0),
            Edit::EraseAfter => self.text.truncate(self.at),
            Edit::Delete if on > 0 => {
                self.text.remove(self.at);
            }
            Edit::Delete => {}
        }
    }

    /// Takes away what is between `from` and the cursor.
    fn cut(&mut self, from: usize) {
        self.text.drain(from..self.at);
        self.at = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut line = Line::new("the provider is back");
        line.edit(Edit::EraseWord);
        assert_eq!(line.text(), "the provider is ");
        line.edit(Edit::EraseWord);
        line.edit(Edit::Start);
        line.edit(Edit::Right);
        line.push('ä');
        assert_eq!(line.parts(), ("tä", "he provider "));
        assert!(line.erase());
        line.edit(Edit::Delete);
        assert_eq!(line.parts(), ("t", "e provider "));
        line.edit(Edit::EraseAfter);
        line.edit(Edit::EraseBefore);
        assert_eq!(line.text(), "");
        assert!(!line.erase(), "nothing was left");
        line.paste("a\u{2003}b c");
        line.edit(Edit::EraseWord);
        line.edit(Edit::EraseWord);
        assert_eq!(line.text(), "a\u{2003}");
        line.edit(Edit::Left);
        assert_eq!(line.parts(), ("a", "\u{2003}"));
    }
}
