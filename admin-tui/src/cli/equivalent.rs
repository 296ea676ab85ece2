//! The command line that shows the same as the screen.

use std::path::PathBuf;

use super::Options;
use crate::view::Target;

impl Options {
    /// The words of a command line that lead to the same system. A token is never among them; the
    /// name of its file is.
    pub fn words(&self) -> Vec<String> {
        let path = |path: Option<&PathBuf>| path.map(|path| path.display().to_string());
        let given = [
            ("--context", self.context.clone()),
            ("--config", path(self.config.as_ref())),
            ("--address", self.address.clone()),
            ("--token-file", path(self.token_file.as_ref())),
            ("--open", path(self.open.as_ref())),
        ];
        let demo = self.demo.then(|| "--demo".to_owned());
        let given = given.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
        given.flatten().chain(demo).collect()
    }
}

/// The command that shows what a pane shows, in the system where these words lead.
pub fn equivalent(target: &Target, place: &[String]) -> String {
    let mut words = vec!["holdfast-admin".to_owned()];
    words.extend(place.iter().map(|word| quoted(word)));
    words.push(target.view.to_owned());
    words.extend(target.id.iter().map(|id| quoted(id)));
    for (name, value) in &target.params {
        words.push(format!("--{} {}", name.replace('_', "-"), quoted(value)));
    }
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@=".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
