use super::*;

#[test]
fn a_payout_without_a_word_is_paid_after_a_moment() {
    for reference in [None, Some(""), Some("Rent for May"), Some("sandbox:declined is no word")] {
        assert_eq!(Behavior::of(reference, 12_345), Ok(Behavior::default()), "{reference:?}");
    }
}

#[test]
fn parts_of_a_word_add_up() {
    let read = Behavior::of(Some("Rent sandbox:timeout_after*2+declined_later:30+silent"), 1);
    assert_eq!(
        read,
        Ok(Behavior {
            after: Some(Mishap::Hang),
            times: 2,
            settles: Settles::DeclinedLater,
            delay: Duration::from_millis(30),
            notices: Notices::Silent,
            ..Behavior::default()
        })
    );
    let slow = Behavior::of(Some("sandbox:slow:50+early"), 1).unwrap();
    assert_eq!((slow.think, slow.delay), (Duration::from_millis(50), Behavior::default().delay));
    assert!(slow.early);
}

#[test]
fn a_word_that_is_not_known_is_an_error() {
    for (reference, sentence) in [
        ("sandbox:sometimes", "the sandbox does not know 'sometimes'"),
        ("sandbox:paid+late:soon", "the sandbox does not know 'late:soon'"),
        ("sandbox:", "the sandbox does not know ''"),
    ] {
        assert_eq!(Behavior::of(Some(reference), 1), Err(sentence.to_owned()));
    }
}

#[test]
fn an_amount_stands_for_a_word_unless_the_reference_has_one() {
    for (digits, word) in AMOUNTS {
        let by_word = Behavior::of(Some(&format!("sandbox:{word}")), 1);
        assert!(by_word.is_ok(), "{word}");
        assert_eq!(Behavior::of(None, 300_000 + digits), by_word);
    }
    assert_eq!(
        Behavior::of(Some("sandbox:paid"), 66_002).map(|read| read.settles),
        Ok(Settles::Paid)
    );
}
