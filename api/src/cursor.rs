//! Cursors: opaque to clients, made from the last item of a page.
//!
//! A cursor is accepted only in the spelling in which it is made, so that nobody
//! comes to rely on what is in it.

use chrono::DateTime;
use domain::ids::{
    ApiKeyId, CommandId, DeadLetterId, EventId, LimitId, PlanId, TransferId, WalletId,
};
use store::queue_desk::Seen;
use store::statements::Place;
use uuid::Uuid;

/// The last microsecond of the year 9999: beyond it, RFC 3339 and clients give up.
const MICROS_MAX: i64 = 253_402_300_799_999_999;

/// A place in a list.
pub(crate) trait Cursor: Sized {
    fn encode(&self) -> String;
    fn decode_any(text: &str) -> Option<Self>;

    fn decode(text: &str) -> Option<Self> {
        Self::decode_any(text).filter(|cursor| cursor.encode() == text)
    }
}

impl Cursor for Uuid {
    fn encode(&self) -> String {
        self.simple().to_string()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }
}

impl Cursor for WalletId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

impl Cursor for TransferId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

impl Cursor for ApiKeyId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

impl Cursor for CommandId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

impl Cursor for DeadLetterId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

impl Cursor for LimitId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

impl Cursor for EventId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

/// The id of a job: a ULID.
pub(crate) struct JobPlace(pub String);

impl Cursor for JobPlace {
    fn encode(&self) -> String {
        self.0.clone()
    }

    fn decode_any(text: &str) -> Option<Self> {
        let fits = text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }
}

impl Cursor for PlanId {
    fn encode(&self) -> String {
        self.0.encode()
    }

    fn decode_any(text: &str) -> Option<Self> {
        Uuid::decode_any(text).map(Self)
    }
}

/// Numbers of a chain, and positions.
impl Cursor for i64 {
    fn encode(&self) -> String {
        self.to_string()
    }

    fn decode_any(text: &str) -> Option<Self> {
        text.parse().ok().filter(|seq| *seq > 0)
    }
}

impl Cursor for Place {
    fn encode(&self) -> String {
        format!("{:x}-{:x}", self.posted_at.timestamp_micros(), self.wallet_seq)
    }

    fn decode_any(text: &str) -> Option<Self> {
        let (micros, seq) = text.split_once('-')?;
        let micros = i64::from_str_radix(micros, 16).ok()?;
        let wallet_seq = i64::from_str_radix(seq, 16).ok()?;
        if !(0..=MICROS_MAX).contains(&micros) || wallet_seq < 0 {
            return None;
        }
        Some(Self { posted_at: DateTime::from_timestamp_micros(micros)?, wallet_seq })
    }
}

impl Cursor for Seen {
    fn encode(&self) -> String {
        format!("{:x}-{}", self.first_seen_at.timestamp_micros(), self.message_id)
    }

    fn decode_any(text: &str) -> Option<Self> {
        let (micros, message_id) = text.split_once('-')?;
        let micros = i64::from_str_radix(micros, 16).ok()?;
        if !(0..=MICROS_MAX).contains(&micros) || message_id.is_empty() {
            return None;
        }
        let first_seen_at = DateTime::from_timestamp_micros(micros)?;
        Some(Self { first_seen_at, message_id: message_id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_made() {
        let place =
            Place { posted_at: "2026-11-20T10:00:00.123456Z".parse().unwrap(), wallet_seq: 42 };
        assert_eq!(Place::decode(&place.encode()), Some(place));
        let id = WalletId(Uuid::now_v7());
        assert_eq!(WalletId::decode(&id.encode()), Some(id));
        let message_id = Uuid::now_v7().to_string();
        let seen = Seen { first_seen_at: place.posted_at, message_id };
        assert_eq!(Seen::decode(&seen.encode()), Some(seen));
    }

    #[test]
    fn another_spelling_is_no_cursor() {
        for text in [
            "",
            "-",
            "1",
            "+1-1",
            "1-+1",
            "01-1",
            "A-1",
            "1--1",
            "ffffffffffffffff-1",
            "7fffffffffffffff-1",
        ] {
            assert_eq!(Place::decode(text), None, "{text}");
        }
        for text in
            ["", "x", "018BCFE5680070008000000000000000", "018bcfe5-6800-7000-8000-000000000000"]
        {
            assert_eq!(Uuid::decode(text), None, "{text}");
        }
    }
}
