//! What a token or an API key allows.

use crate::text::words;

words! {
    /// What somebody may do on the customers' address. None of them includes another one.
    Scope {
        /// See wallets, statements and transfers.
        Read = "wallet:read",
        /// Open and close wallets, and move money out of them.
        Write = "wallet:write",
        /// Bring money in. Customers never have it: it is for the systems that have received the money.
        Deposit = "wallet:deposit",
        /// Act for every owner, and freeze and unfreeze wallets.
        Admin = "wallet:admin",
    }
}

/// Scopes that somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope there is.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether this one is among them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One by one, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

const fn bit(scope: Scope) -> u8 {
    match scope {
        Scope::Read => 1,
        Scope::Write => 2,
        Scope::Deposit => 4,
        Scope::Admin => 8,
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

/// The words with spaces between them, as OAuth has it.
impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.iter().map(Scope::as_str).collect();
        f.pad(&words.join(" "))
    }
}

/// Most characters of an owner or of the subject of a token. Both are stored with each command.
pub const SUBJECT_CHARS_MAX: usize = 255;

/// Whether a text can name an owner or the subject of a token: PostgreSQL keeps every character in it, and a log
/// line shows it.
pub fn is_subject(text: &str) -> bool {
    let count = text.chars().count();
    (1..=SUBJECT_CHARS_MAX).contains(&count) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_with_an_order() {
        let some: Scopes = [Scope::Admin, Scope::Read, Scope::Read].into_iter().collect();
        assert_eq!(some.to_string(), "wallet:read wallet:admin");
        assert!(some.has(Scope::Admin) && !some.has(Scope::Write));
        assert!(Scopes::default().is_empty());
        assert_eq!(Scopes::all().iter().collect::<Vec<_>>(), Scope::ALL);
    }

    #[test]
    fn a_subject_is_short_and_can_be_printed() {
        assert!(is_subject("auth0|0123"));
        for wrong in ["", "a\nb", "a\0b", &"x".repeat(256)] {
            assert!(!is_subject(wrong), "{wrong:?}");
        }
    }
}
