//! What a filter is looked for in.

use memchr::memmem::Finder;

/// The words of all rows in one text. A look at each row would be a look at memory far away, and
/// 100,000 of them take longer than a picture may; one text is read through at once.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// A line for each row, in lower case. A word of a filter has no end of a line in it, so what
    /// is found lies in one row.
    text: String,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Words {
    /// Forgets the rows from this one on.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// The words of the next row.
    pub(super) fn push<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            self.text.push_str(&word.to_lowercase());
            self.text.push(' ');
        }
        self.text.push('\n');
        self.ends.push(self.text.len());
    }

    /// For each row whether a filter leaves it: all words must be there, and none of those behind
    /// `!`. None when the filter has no words.
    pub(super) fn fit(&self, filter: &str) -> Option<Vec<bool>> {
        let filter = filter.to_lowercase();
        let words = filter.split_whitespace().map(|word| {
            let bare = word.trim_start_matches('!');
            (bare, bare.len() == word.len())
        });
        let mut fits = None;
        for (word, wanted) in words.filter(|(word, _)| !word.is_empty()) {
            let fits = fits.get_or_insert_with(|| vec![true; self.ends.len()]);
            fits.iter_mut().zip(self.having(word)).for_each(|(fits, has)| *fits &= has == wanted);
        }
        fits
    }

    /// For each row whether it has this word.
    fn having(&self, word: &str) -> Vec<bool> {
        let (finder, text) = (Finder::new(word), self.text.as_bytes());
        let next = |from: usize| {
            let found = text.get(from..).and_then(|rest| finder.find(rest));
            found.map(|at| from + at)
        };
        let mut found = next(0);
        let mut having = Vec::with_capacity(self.ends.len());
        for &end in &self.ends {
            let has = found.is_some_and(|at| at < end);
            having.push(has);
            if has {
                found = next(end);
            }
        }
        having
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(rows: &[&[&str]]) -> Words {
        let mut words = Words::default();
        for row in rows {
            words.push(row.iter().copied());
        }
        words
    }

    fn left(words: &Words, filter: &str) -> Vec<usize> {
        let fits = words.fit(filter).unwrap();
        (0..fits.len()).filter(|&at| fits[at]).collect()
    }

    #[test]
    fn all_words_must_be_there_and_none_of_those_behind_an_exclamation_mark() {
        let words = words(&[&["Anna", "frozen"], &["anna", "active"], &["Bert", "frozen"], &[]]);
        assert_eq!(left(&words, "anna"), [0, 1]);
        assert_eq!(left(&words, " FROZEN ann "), [0]);
        assert_eq!(left(&words, "!anna"), [2, 3]);
        assert_eq!(left(&words, "frozen !!an"), [2]);
        assert_eq!(left(&words, "nobody"), [0; 0]);
        for nothing in ["", " ", "!", " !! ! "] {
            assert_eq!(words.fit(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn what_is_found_lies_in_one_row_and_in_one_cell() {
        let words = words(&[&["ab", "cd"], &["ef"]]);
        for apart in ["bcd", "cdef", "def"] {
            assert_eq!(left(&words, apart), [0; 0], "{apart}");
        }
        assert_eq!(left(&words, "b cd"), [0], "two words");
    }

    #[test]
    fn rows_that_are_forgotten_are_not_found() {
        let mut words = words(&[&["a"], &["ab"], &["abc"]]);
        words.truncate(1);
        words.push(["bc"].into_iter());
        assert_eq!(left(&words, "b"), [1]);
        assert_eq!(left(&words, "a"), [0]);
        words.truncate(0);
        assert_eq!(left(&words, "a"), [0; 0]);
    }
}
