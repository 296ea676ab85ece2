//! What is stored and sent as text: words, keys, ids, fingerprints.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use domain::event::EventType;
use domain::failure::FailureClass;
use domain::idempotency::{IdempotencyKey, InvalidKey, KEY_CHARS_MAX};
use domain::ids::WalletId;
use domain::job::JobState;
use domain::limit::{LimitPeriod, LimitScope, LimitUnit};
use domain::money::Currency;
use domain::saga::{Step, StuckReason};
use domain::switch::{Flag, SwitchKind};
use domain::text::UnknownWord;
use domain::transfer::{Rejection, TransferKind, TransferStatus};
use domain::wallet::{
    SYSTEM_SHARD_COUNT, Side, SystemRole, WalletKind, WalletStatus, system_wallet_id,
};

use crate::helpers::{failure, wallet_id};

fn assert_words<T>(all: &[T])
where
    T: FromStr<Err = UnknownWord> + Display + Debug + PartialEq + Copy,
{
    let words: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), all.len(), "two values of {all:?} share a word");
    for value in all {
        assert_eq!(value.to_string().parse(), Ok(*value));
    }
    for word in &words {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte);
        assert!(word.bytes().all(allowed), "'{word}' is not lower snake_case");
        let unknown = word.to_uppercase().parse::<T>().expect_err("words are lower case");
        assert_eq!(unknown.text, word.to_uppercase());
    }
    assert!("".parse::<T>().is_err());
}

#[test]
fn every_word_stands_for_one_value_and_is_read_back() {
    assert_words(EventType::ALL);
    assert_words(FailureClass::ALL);
    assert_words(Flag::ALL);
    assert_words(JobState::ALL);
    assert_words(LimitPeriod::ALL);
    assert_words(LimitScope::ALL);
    assert_words(LimitUnit::ALL);
    assert_words(Rejection::ALL);
    assert_words(Side::ALL);
    assert_words(Step::ALL);
    assert_words(StuckReason::ALL);
    assert_words(SwitchKind::ALL);
    assert_words(SystemRole::ALL);
    assert_words(TransferKind::ALL);
    assert_words(TransferStatus::ALL);
    assert_words(WalletKind::ALL);
    assert_words(WalletStatus::ALL);
}

#[test]
fn an_idempotency_key_is_visible_ascii_of_limited_length() {
    let longest = "k".repeat(KEY_CHARS_MAX);
    let too_long = "k".repeat(KEY_CHARS_MAX + 1);
    for text in ["a", "order-17", "!~", "{\"a\":1}", longest.as_str()] {
        assert_eq!(
            IdempotencyKey::new(text).map(|key| key.as_str().to_owned()),
            Ok(text.to_owned())
        );
    }
    for text in ["", " ", "a b", "a\n", "a\u{0}", "a\u{7f}", "é", "a\tb", too_long.as_str()] {
        assert_eq!(IdempotencyKey::new(text), Err(InvalidKey), "{text:?}");
    }
}

#[test]
fn an_id_is_read_back_from_its_text() {
    let id = wallet_id(0x0123_4567_89ab_cdef);
    assert_eq!(id.to_string().parse(), Ok(id));
    assert!("wallet-1".parse::<WalletId>().is_err());
}

#[test]
fn no_two_system_wallets_share_an_id() {
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for role in SystemRole::ALL {
        for currency in Currency::all() {
            for shard in 0..SYSTEM_SHARD_COUNT {
                let id = system_wallet_id(*role, currency, shard);
                assert_eq!(id.0.get_version_num(), 8, "a uuid of our own making");
                assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
                ids.insert(id);
                count += 1;
            }
        }
    }
    assert_eq!(ids.len(), count);
}

#[test]
fn a_shard_beyond_the_last_one_counts_on_from_the_first() {
    let id = |shard| system_wallet_id(SystemRole::Cash, crate::helpers::eur(), shard);
    assert_eq!(id(SYSTEM_SHARD_COUNT), id(0));
    assert_eq!(id(255), id(255 % SYSTEM_SHARD_COUNT));
}

#[test]
fn a_fingerprint_names_the_cause_and_leaves_the_sentence_out() {
    let mut one = failure(FailureClass::Transient);
    let fingerprint = one.fingerprint(Step::Screen);
    assert_eq!(fingerprint.to_string(), "screen/transient/test_code");
    one.detail = "Said in other words.".to_owned();
    assert_eq!(one.fingerprint(Step::Screen), fingerprint);
    assert_ne!(one.fingerprint(Step::PlaceHold), fingerprint);
}
