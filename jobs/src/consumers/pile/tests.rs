use std::time::Duration;

use super::*;

fn readable(event_count: usize, deadline: Instant) -> Readable {
    let body = include_str!("../fixtures/transfer_settled.json");
    let event = super::super::message::read(body).unwrap().remove(0);
    Readable { message: Received::default(), events: vec![event; event_count], deadline }
}

fn sizes(group: &Group) -> Vec<usize> {
    group.parts.iter().map(|part| part.events.len()).collect()
}

#[tokio::test]
async fn a_group_is_all_that_waits_up_to_a_bound_and_in_order() {
    let ((pile, mut taken), now) = (new(), Instant::now());
    for (at, size) in [200, 1, 299, 3].into_iter().enumerate() {
        // Those that came first are not always those whose time is up first.
        let deadline = now + Duration::from_secs([9, 7, 8, 5][at]);
        pile.put(readable(size, deadline)).await;
    }
    let group = taken.group().await.unwrap();
    assert_eq!(sizes(&group), [200, 1, 299]);
    assert_eq!(group.deadline, now + Duration::from_secs(7));
    let counts = [0..3, 0..1, 1..3, 2..3].map(|parts| group.events(&parts).len());
    assert_eq!(counts, [500, 200, 300, 299]);
    let group = taken.group().await.unwrap();
    assert_eq!((sizes(&group), group.deadline), (vec![3], now + Duration::from_secs(5)));
    drop(pile);
    assert!(taken.group().await.is_none(), "nobody is left to put more on it");
}

#[tokio::test]
async fn pollers_wait_for_room_until_a_group_is_done_or_nobody_takes_it() {
    let ((pile, mut taken), deadline) = (new(), Instant::now());
    // One message alone may be larger than a transaction, or than the pile.
    pile.put(readable(EVENTS_MAX + 1, deadline)).await;
    let (other, mut putting) = (pile.clone(), Box::pin(pile.put(readable(1, deadline))));
    let soon = Duration::from_millis(20);
    assert!(tokio::time::timeout(soon, &mut putting).await.is_err(), "there is no room");
    let group = taken.group().await.unwrap();
    assert!(tokio::time::timeout(soon, &mut putting).await.is_err(), "it is not done");
    drop(group);
    putting.await;
    drop(taken);
    other.put(readable(1, deadline)).await;
}
