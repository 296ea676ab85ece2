//! So many connections at a time, and who has to go when one more comes.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::address::counted;
use super::turn::{Stands, Turn};

/// Connections that are looked at to find one that can go. All are looked at in the course of time.
const LOOKED_AT: usize = 64;

/// The connections of one listening address.
pub(super) struct Seats {
    max: usize,
    per_address_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// By the order in which they came.
    turns: BTreeMap<u64, Arc<Turn>>,
    by_address: HashMap<IpAddr, usize>,
    next: u64,
    /// Where the search went on last time.
    hand: u64,
}

/// One connection's place. Given back when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    address: IpAddr,
    pub(super) turn: Arc<Turn>,
}

impl Seats {
    pub(super) fn new(max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self { max, per_address_max, taken: Mutex::default() })
    }

    /// A place for a new connection; none when its address has enough of them, or when all are in
    /// the middle of a request. When the house is full, one that owes us its headers has to go; else one
    /// that is idle. Whoever sends its headers at once, as all real clients do, is hardly ever met so.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let address = counted(peer.to_canonical());
        let mut taken = self.lock();
        if taken.by_address.get(&address).is_some_and(|count| *count >= self.per_address_max) {
            return None;
        }
        // The one that goes keeps its place until its task has ended, a moment later.
        if taken.turns.len() >= self.max && !taken.send_one_away() {
            return None;
        }
        let (number, turn) = (taken.next, Arc::new(Turn::default()));
        taken.next += 1;
        taken.turns.insert(number, turn.clone());
        *taken.by_address.entry(address).or_default() += 1;
        drop(taken);
        Some(Seat { seats: self.clone(), number, address, turn })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn send_one_away(&mut self) -> bool {
        let from_here = self.turns.range(self.hand..);
        let looked_at = from_here.chain(self.turns.range(..self.hand)).take(LOOKED_AT);
        let mut idle = None;
        let mut last = self.hand;
        for (number, turn) in looked_at {
            last = *number;
            match turn.stands() {
                Stands::New | Stands::Sending if turn.send_away() => {
                    self.hand = last + 1;
                    return true;
                }
                Stands::Idle if idle.is_none() => idle = Some(turn.clone()),
                _ => {}
            }
        }
        self.hand = last + 1;
        idle.is_some_and(|turn| turn.send_away())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.turns.remove(&self.number);
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn when_the_house_is_full_the_oldest_that_owes_its_headers_goes() {
        let seats = Seats::new(3, 3);
        let [asked, slow, idle] = [1, 2, 3].map(|last| seats.take(address(last)).unwrap());
        assert!(asked.turn.asked());
        assert!(idle.turn.asked());
        idle.turn.answered();
        let new = seats.take(address(4)).unwrap();
        assert_eq!(slow.turn.stands(), Stands::Gone);
        drop(slow);
        assert!(new.turn.asked());
        // Nobody owes headers now, so the idle one goes.
        let last = seats.take(address(5)).unwrap();
        assert_eq!(idle.turn.stands(), Stands::Gone);
        drop(idle);
        assert!(last.turn.asked());
        assert!(seats.take(address(6)).is_none(), "all are in the middle of a request");
        drop(asked);
        assert!(seats.take(address(6)).is_some());
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let seats = Seats::new(10, 2);
        let _held = [seats.take(address(1)).unwrap(), seats.take(address(1)).unwrap()];
        assert!(seats.take(address(1)).is_none());
        assert!(seats.take(address(2)).is_some());
    }
}
