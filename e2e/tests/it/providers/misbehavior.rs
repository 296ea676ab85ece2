//! Payouts: every way to misbehave, and the questions afterwards.

use std::time::{Duration, Instant};

use dev::sandbox::Mode;
use domain::answer::Answer;
use futures::future::join_all;
use jobs::outside::PayoutProvider;
use tokio::net::TcpListener;

use super::{TIMEOUT, done, order, payouts, sandbox, word};

/// Behavior, answer to the request, answer to the question afterwards, times executed.
const MATRIX: &[(&str, &str, &str, u32)] = &[
    ("paid", "paid", "paid", 1),
    ("never", "accepted", "accepted", 0),
    ("declined", "declined", "declined", 0),
    ("slow:100+paid", "paid", "paid", 1),
    ("timeout_before", "unknown", "not_found", 0),
    ("timeout_after+paid", "unknown", "paid", 1),
    ("timeout_after+declined", "unknown", "declined", 0),
    ("timeout_after*2+paid", "unknown", "unknown", 1),
    ("error_before", "unknown", "not_found", 0),
    ("error_after+paid", "unknown", "paid", 1),
    ("error_after+never", "unknown", "accepted", 0),
    ("drop_before", "unknown", "not_found", 0),
    ("drop_after+paid", "unknown", "paid", 1),
    ("drop_after*2+paid", "unknown", "unknown", 1),
    ("garbage_after+paid", "unknown", "paid", 1),
    ("huge_after+paid", "unknown", "paid", 1),
    ("busy", "not_sent", "not_found", 0),
    ("no_such_word", "declined", "not_found", 0),
];

#[tokio::test]
async fn each_misbehavior_is_one_answer_and_the_question_afterwards_tells_what_happened() {
    let sandbox = sandbox().await;
    let provider = payouts(&sandbox.url());
    let sandbox = &sandbox;
    let provider = &provider;
    let asked = MATRIX.iter().map(|(behavior, answered, probed, executed)| async move {
        let order = order(behavior);
        let answer = provider.submit(&order).await;
        assert_eq!(&word(&answer), answered, "{behavior}: {answer:?}");
        // What the client did by itself would show here: it must never ask twice.
        assert_eq!(done(sandbox, &order).submit_count, 1, "{behavior}");
        let answer = provider.probe(order.id).await;
        assert_eq!(&word(&answer), probed, "{behavior}, asked afterwards: {answer:?}");
        assert_eq!(done(sandbox, &order).executed_count, *executed, "{behavior}");
    });
    join_all(asked).await;
}

#[tokio::test]
async fn a_payout_that_settles_later_is_under_way_until_it_has() {
    let sandbox = sandbox().await;
    let provider = payouts(&sandbox.url());
    for (behavior, end, executed) in [("later:50", "paid", 1), ("declined_later:50", "declined", 0)]
    {
        let order = order(behavior);
        let answer = provider.submit(&order).await;
        let provider_reference = Some(format!("sandbox-{}", order.id));
        assert_eq!(answer, Answer::Accepted { provider_reference });
        let began = Instant::now();
        let mut told = provider.probe(order.id).await;
        while word(&told) == "accepted" {
            assert!(began.elapsed() < Duration::from_secs(10), "it never settles");
            tokio::time::sleep(Duration::from_millis(10)).await;
            told = provider.probe(order.id).await;
        }
        assert_eq!(word(&told), end);
        assert_eq!(done(&sandbox, &order).executed_count, executed);
    }
}

#[tokio::test]
async fn a_request_that_arrives_after_its_successor_makes_no_second_payout() {
    let sandbox = sandbox().await;
    let provider = payouts(&sandbox.url());
    let late = TIMEOUT * 2;
    let order = order(&format!("late:{}+paid", late.as_millis()));
    assert_eq!(word(&provider.submit(&order).await), "unknown");
    assert_eq!(provider.probe(order.id).await, Answer::NotFound);
    assert_eq!(word(&provider.submit(&order).await), "paid");
    let began = Instant::now();
    while done(&sandbox, &order).repeat_count == 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "the first one never arrives");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(done(&sandbox, &order).executed_count, 1);
}

#[tokio::test]
async fn the_same_key_for_another_payout_is_unknown_and_not_declined() {
    let sandbox = sandbox().await;
    let provider = payouts(&sandbox.url());
    let first = order("paid");
    assert_eq!(word(&provider.submit(&first).await), "paid");
    let mut second = first.clone();
    second.amount = domain::money::Amount::new(501).expect("an amount");
    assert_eq!(word(&provider.submit(&second).await), "unknown");
    let record = done(&sandbox, &first);
    assert_eq!((record.executed_count, record.conflict_count), (1, 1));
}

#[tokio::test]
async fn a_request_that_surely_was_not_sent_is_told_from_one_that_may_have_been() {
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let refused = format!("http://{}", closed.local_addr().expect("its address"));
    drop(closed);
    // Somebody listens and never answers: what was sent lies in a buffer.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mute = format!("http://{}", silent.local_addr().expect("its address"));
    for (url, answered) in [
        (refused.as_str(), "not_sent"),
        ("http://nowhere.invalid", "not_sent"),
        (mute.as_str(), "unknown"),
    ] {
        let (provider, order) = (payouts(url), order("paid"));
        let began = Instant::now();
        let (submitted, probed) = (provider.submit(&order).await, provider.probe(order.id).await);
        assert_eq!(word(&submitted), answered, "{url}: {submitted:?}");
        assert_eq!(word(&probed), answered, "{url}: {probed:?}");
        assert!(began.elapsed() < TIMEOUT * 4, "{url} took {:?}", began.elapsed());
        let told = format!("{submitted:?} {probed:?}");
        assert!(!told.contains("http://"), "an address may hold a password: {told}");
    }
}

#[tokio::test]
async fn while_a_provider_is_away_nothing_is_done_there_and_afterwards_all_is_well() {
    let sandbox = sandbox().await;
    let provider = payouts(&sandbox.url());
    let order = order("paid");
    for mode in [Mode::Hang, Mode::Error, Mode::Drop] {
        sandbox.set_mode(mode);
        assert_eq!(word(&provider.submit(&order).await), "unknown", "{mode:?}");
        assert_eq!(word(&provider.probe(order.id).await), "unknown", "{mode:?}");
    }
    assert!(sandbox.payouts().is_empty());
    sandbox.set_mode(Mode::Normal);
    assert_eq!(provider.probe(order.id).await, Answer::NotFound);
    assert_eq!(word(&provider.submit(&order).await), "paid");
    assert_eq!(done(&sandbox, &order).executed_count, 1);
}
