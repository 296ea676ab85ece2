//! What a payout provider tells of a payout by itself, without being asked.

use crate::answer::Answer;
use crate::ids::TransferId;
use crate::text::words;

words! {
    /// How a payout came to its end at the provider.
    NoticeStatus {
        /// The money has left.
        Paid = "paid",
        /// It has not, and will not.
        Declined = "declined",
    }
}

/// Most characters of a code.
pub const CODE_CHARS_MAX: usize = 64;

/// The code of a payout that was declined without one.
pub const DECLINED: &str = "declined_by_provider";

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The payout.
    pub transfer: TransferId,
    /// Who says so.
    pub provider: String,
    /// How it ended.
    pub status: NoticeStatus,
    /// The provider's own id of the payout.
    pub reference: String,
    /// Why it was declined, for programs; see [`is_code`].
    pub code: Option<String>,
    /// Why it was declined, for people.
    pub detail: Option<String>,
}

impl Notice {
    /// What it means to the saga.
    pub fn answer(&self) -> Answer {
        match self.status {
            NoticeStatus::Paid => Answer::Paid { provider_reference: Some(self.reference.clone()) },
            NoticeStatus::Declined => Answer::Declined {
                code: self.code.clone().unwrap_or_else(|| DECLINED.to_owned()),
                detail: self
                    .detail
                    .clone()
                    .unwrap_or_else(|| "The provider declined the payout.".to_owned()),
            },
        }
    }
}

/// What the notices about one payout say together; none when there are none, or when they
/// contradict each other. Then only the provider itself, when asked, can tell.
pub fn agreed(notices: &[Notice]) -> Option<&Notice> {
    let first = notices.first()?;
    notices.iter().all(|one| one.status == first.status).then_some(first)
}

/// Whether a text is a code: 1 to [`CODE_CHARS_MAX`] of `a` to `z`, `0` to `9` and `_`.
pub fn is_code(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.len() <= CODE_CHARS_MAX && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn notice(status: NoticeStatus) -> Notice {
        Notice {
            transfer: TransferId(Uuid::nil()),
            provider: "payouts".to_owned(),
            status,
            reference: "r-1".to_owned(),
            code: None,
            detail: None,
        }
    }

    #[test]
    fn notices_that_contradict_each_other_say_nothing() {
        let (paid, declined) = (notice(NoticeStatus::Paid), notice(NoticeStatus::Declined));
        assert_eq!(agreed(&[]), None);
        assert_eq!(agreed(&[paid.clone(), paid.clone()]), Some(&paid));
        assert_eq!(agreed(&[paid, declined]), None);
    }

    #[test]
    fn a_decline_without_a_reason_has_a_code_all_the_same() {
        let Answer::Declined { code, detail } = notice(NoticeStatus::Declined).answer() else {
            panic!("a decline is a decline");
        };
        assert!(is_code(&code) && !detail.is_empty());
    }

    #[test]
    fn a_code_is_a_short_word_of_small_letters() {
        assert!(is_code("account_closed_2"));
        for wrong in ["", "Closed", "closed account", "fermé", &"x".repeat(65)] {
            assert!(!is_code(wrong), "{wrong}");
        }
    }
}
