//! What others write, made fit to be kept.

use domain::notice::is_code;

/// Characters of a sentence that are kept; the rest says little more.
const DETAIL_CHARS_MAX: usize = 255;
/// Characters of an id of theirs. A longer one would be cut and be another's, so it is left out.
const REFERENCE_CHARS_MAX: usize = 255;

/// A sentence for people, without what the database or a terminal chokes on.
pub(super) fn sentence(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(DETAIL_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// A code for programs; `otherwise` when theirs is none.
pub(super) fn code(text: Option<&str>, otherwise: &str) -> String {
    text.filter(|text| is_code(text)).unwrap_or(otherwise).to_owned()
}

/// An id of theirs; none when it cannot be one.
pub(super) fn reference(text: Option<&str>) -> Option<String> {
    let fits = |text: &&str| {
        !text.trim().is_empty()
            && text.chars().count() <= REFERENCE_CHARS_MAX
            && !text.chars().any(char::is_control)
    };
    text.filter(fits).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_no_control_characters_and_an_end() {
        assert_eq!(sentence(" no\0such\naccount "), "no such account");
        assert_eq!(sentence(&"x".repeat(1_000)).len(), 255);
        assert_eq!(code(Some("account_closed"), "declined"), "account_closed");
        assert_eq!(code(Some("Account closed!"), "declined"), "declined");
        assert_eq!(code(None, "declined"), "declined");
        assert_eq!(reference(Some("po_1")), Some("po_1".to_owned()));
        for none in [Some(""), Some("a\0b"), None] {
            assert_eq!(reference(none), None);
        }
    }
}
